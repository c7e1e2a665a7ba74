import { defineMethod, type Method } from '../../method/method.ts'
import { nameSchema } from '../../permission/name.ts'
import { type CallMethod, oneOrMany, recordedSchema } from '../rest-record.ts'
import { newEventSchema } from './new-event.ts'

const body = oneOrMany(newEventSchema)

/** Records events of the execution that the path names, as `execution-event_append` does: the same one once more is counted. */
export function recordEventsMethod(name: string, call: CallMethod): Method {
  return defineMethod({
    name,
    summary: 'Records events of an execution',
    params: { execution_id: nameSchema, body },
    result: recordedSchema,
    credentialParams: [],
    async handle({ params: { execution_id, body }, caller }) {
      const rows = body.map(event => ({ ...event, execution_id }))
      return call('execution-event_append', { rows }, caller)
    },
  })
}
