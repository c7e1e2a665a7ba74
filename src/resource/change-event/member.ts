import { z } from 'zod'
import { isExactNumber } from '../../json.ts'

/** Event types whose bodies have the same members beside the common ones. */
export interface Family {
  readonly types: readonly [string, ...string[]]
  /** In the order in which envelopes show them. */
  readonly members: Readonly<Record<string, z.ZodType>>
}

/** An object of an event: members that our version does not know are kept as they are. */
export const openObject = z.looseObject

/** A Guid, in either case. */
export const guid = z.guid()

/** A moment in ISO 8601; without a zone it is in UTC, and written so. */
export const moment = z.iso
  .datetime({ offset: true, local: true, error: 'expected a moment in ISO 8601' })
  .transform(text => (/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`))

/** A moment that need not have come, or need not be set. */
export const maybeMoment = moment.nullable()

/** A text that need not be set. */
export const maybeText = z.string().nullable()

/** Any number, also one that a double cannot hold. */
export const number = z
  .unknown()
  .refine(value => typeof value === 'number' || isExactNumber(value), 'expected a number')
  .meta({ type: 'number' })

/** A number that need not be set. */
export const maybeNumber = number.nullable()

/** An object with any members. */
export const anyObject = z.unknown().refine(isObject, 'expected an object').meta({ type: 'object' })

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value)
}
