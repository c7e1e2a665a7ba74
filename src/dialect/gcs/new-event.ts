import { z } from 'zod'
import { recordTime } from '../../condition/value.ts'
import { maxNameLength } from '../../permission/pattern.ts'
import { executionEvent, type NewExecutionEventRow } from '../../resource/execution-event.ts'
import { newRowSchema } from '../../resource/row.ts'
import { makeEventName, objectNameOf, suffixLength } from './event-name.ts'

const row = newRowSchema(executionEvent).shape

/** RFC 3339; zod alone would also take a time without seconds. */
const time = z.iso
  .datetime({ offset: true, error: 'expected an RFC 3339 time, e.g. 2018-08-20T06:41:44Z' })
  .regex(/T\d\d:\d\d:\d\d/, 'expected seconds')
  .transform(text => Date.parse(text))
  .pipe(recordTime)

const name = z.string().pipe(row.name as z.ZodType<string, string>)

/** An event as a client gives it: the shape of seed 003, less what can be made. */
const givenSchema = z
  .strictObject({
    metadata: z.strictObject({ name: name.optional(), namespace: name.optional() }).optional(),
    involvedObject: z.strictObject({ name, namespace: name }),
    reason: z.string(),
    message: z.string(),
    firstTimestamp: time.optional(),
    lastTimestamp: time.optional(),
    count: z.int().min(1).optional(),
    type: z.enum(['Normal', 'Warning']).default('Normal'),
    elemType: name.nullish(),
    elemId: name.nullish(),
    actionName: name.nullish(),
  })
  .superRefine((given, context) => {
    const fault = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
    const { metadata, involvedObject, firstTimestamp, lastTimestamp } = given
    if (metadata?.namespace !== undefined && metadata.namespace !== involvedObject.namespace) {
      fault(['metadata', 'namespace'], 'must be that of involvedObject')
    }
    if (metadata?.name === undefined) {
      const most = maxNameLength - suffixLength
      if ([...involvedObject.name].length > most) {
        fault(['involvedObject', 'name'], `without metadata.name it must have at most ${most} characters`)
      }
    } else if (objectNameOf(metadata.name) !== involvedObject.name) {
      fault(
        ['metadata', 'name'],
        'must be the name of involvedObject, a point and hexadecimal digits in lower case',
      )
    }
    if (firstTimestamp !== undefined && lastTimestamp !== undefined && lastTimestamp < firstTimestamp) {
      fault(['lastTimestamp'], 'must not be before firstTimestamp')
    }
  })

type Given = z.output<typeof givenSchema>

/** Parses an event and makes of it what `execution-event_append` takes, the execution apart. */
export const newEventSchema = givenSchema.transform(rowOf)

export type NewEvent = Omit<NewExecutionEventRow, 'execution_id'>

function rowOf(given: Given): NewEvent {
  const { involvedObject, reason, message, type, firstTimestamp, lastTimestamp, count } = given
  const { elemType: elem_type = null, elemId: elem_id = null, actionName: action_name = null } = given
  const { namespace } = involvedObject
  const members = [namespace, reason, message, type, elem_type, elem_id, action_name]
  return {
    name: given.metadata?.name ?? makeEventName(involvedObject.name, members),
    namespace,
    reason,
    message,
    type,
    elem_type,
    elem_id,
    action_name,
    ...(firstTimestamp !== undefined && { first_timestamp: firstTimestamp }),
    ...(lastTimestamp !== undefined && { last_timestamp: lastTimestamp }),
    ...(count !== undefined && { count }),
  }
}
