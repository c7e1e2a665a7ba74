import { z } from 'zod'
import { defineMethod, type Method } from '../../method/method.ts'
import { type LogMethodDeps, writerOf } from '../../method/record/record-method.ts'
import { requirePermission } from '../../permission/grant.ts'
import { nameSchema } from '../../permission/name.ts'
import { executionEvent } from '../../resource/kind/execution-event.ts'
import { actionOf, type MergeRule } from '../../resource/resource.ts'
import { appendedFields, bindRow } from '../../resource/row.ts'
import { mirrorRows } from '../../resource/write/mirror.ts'
import { oneOrMany, recordedSchema } from '../rest-record.ts'
import { newEventSchema } from './new-event.ts'

const anything = z.unknown().optional()

/** One event, an array, or a list as `kubectl get -o json` prints it. */
const body = oneOrMany(newEventSchema, {
  array: true,
  member: 'items',
  beside: { apiVersion: anything, kind: anything, metadata: anything },
})

const fields = appendedFields(executionEvent)
const write = actionOf(executionEvent, 'write')

/** Records events of the execution that the path names: one without a count adds to the same one, a running count is kept. */
export function recordEventsMethod(name: string, log: LogMethodDeps): Method {
  const writer = writerOf(executionEvent, log)
  return defineMethod({
    name,
    summary: 'Records events of an execution',
    params: { execution_id: nameSchema, body },
    result: recordedSchema,
    credentialParams: [],
    async handle({ params: { execution_id, body }, caller }) {
      requirePermission(caller, write, execution_id)
      const now = log.clock()
      const rows = body.map(({ row, ...event }) => ({
        ...event,
        row: bindRow(fields, { ...row, execution_id }, now),
      }))
      const rule = executionEvent.merge as MergeRule
      const ids = await log.database.transaction(runner =>
        mirrorRows({ ...writer, runner }, rule, execution_id, rows),
      )
      log.onRows(executionEvent.name, 'appended', ids.length)
      return { ids }
    },
  })
}
