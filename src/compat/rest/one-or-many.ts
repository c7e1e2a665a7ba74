import { z } from 'zod'
import { inputContext } from '../../parse-input.ts'

/** What recording answers. */
export const recordedSchema = z.strictObject({ ids: z.array(z.int()) })

/** Events that one request may record: as many as one `X_append`. */
const maxRecorded = 1000

/** How many events are written at once: as an array, as an object with this member, or as either. */
export interface ListForm {
  readonly array: boolean
  readonly member: string
  /** What may stand beside the member. */
  readonly beside?: Readonly<Record<string, z.ZodType>>
}

/**
 * One event, or a list. Which of them it is shows before it is parsed: a union would say of a faulty event that it is no
 * list.
 */
export function oneOrMany<Event>(event: z.ZodType<Event>, { array: takesArray, member, beside }: ListForm) {
  const array = z.array(event).min(1).max(maxRecorded)
  const list = z
    .strictObject({ ...beside, [member]: array })
    .transform(all => all[member] as readonly Event[])
  const one = event.transform(parsed => [parsed])
  return z.unknown().transform((given, context): readonly Event[] => {
    const isArray = takesArray && Array.isArray(given)
    const parsed = (isArray ? array : isList(given, member) ? list : one).safeParse(given, inputContext)
    if (parsed.success) return parsed.data
    // zod's own type for an issue that is handed on lacks what the kinds of issues say.
    for (const issue of parsed.error.issues)
      context.issues.push({ ...issue, input: given } as z.core.$ZodRawIssue)
    return z.NEVER
  })
}

function isList(given: unknown, member: string): boolean {
  return typeof given === 'object' && given !== null && Object.hasOwn(given, member)
}
