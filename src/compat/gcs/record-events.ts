import { z } from 'zod'
import { defineMethod, type Method } from '../../method/method.ts'
import { nameSchema } from '../../permission/name.ts'
import { executionEvent } from '../../resource/kind/execution-event.ts'
import type { RecordService } from '../../resource/records.ts'
import { oneOrMany, recordedSchema } from '../rest/one-or-many.ts'
import { newEventSchema } from './new-event.ts'

const anything = z.unknown().optional()

/** One event, an array, or a list as `kubectl get -o json` prints it. */
const body = oneOrMany(newEventSchema, {
  array: true,
  member: 'items',
  beside: { apiVersion: anything, kind: anything, metadata: anything },
})

/** Records events of the execution that the path names: one without a count adds to the same one, a running count is kept. */
export function recordEventsMethod(name: string, { of }: RecordService): Method {
  const records = of(executionEvent)
  return defineMethod({
    name,
    summary: 'Records events of an execution',
    params: { execution_id: nameSchema, body },
    result: recordedSchema,
    credentialParams: [],
    async handle({ params: { execution_id, body }, caller }) {
      const rows = body.map(event => ({ ...event, row: { ...event.row, execution_id } }))
      return records.mirror(caller, execution_id, rows)
    },
  })
}
