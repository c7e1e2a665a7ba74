import type { z } from 'zod'

/** Event types whose bodies have the same members beside the common ones. */
export interface Family {
  readonly types: readonly [string, ...string[]]
  /** In the order in which envelopes show them. */
  readonly members: Readonly<Record<string, z.ZodType>>
}
