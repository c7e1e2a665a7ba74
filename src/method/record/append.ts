import { z } from 'zod'
import { createBatchQueue } from '../../async/batch-queue.ts'
import { requirePermission } from '../../permission/grant.ts'
import { actionOf, type Resource } from '../../resource/resource.ts'
import { appendedFields, type BoundRow, bindRow, newRowSchema } from '../../resource/row.ts'
import { insertRows } from '../../resource/write/append.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'
import { type LogMethodDeps, writerOf } from './record-method.ts'

const maxRows = 1000

/** `X_append`: records rows; acknowledged once they are committed. */
export function appendMethod(resource: Resource, deps: LogMethodDeps): Method {
  const writer = writerOf(resource, deps)
  const append = createBatchQueue({
    what: 'appends',
    write: (rows: readonly BoundRow[]) => insertRows(writer, rows),
  })
  const fields = appendedFields(resource)
  const action = actionOf(resource, 'write')
  return defineMethod({
    name: `${resource.name}_append`,
    summary: `Records ${resource.summary}`,
    params: { token: credentialParam, rows: z.array(newRowSchema(resource)).min(1).max(maxRows) },
    result: z.strictObject({ ids: z.array(z.int()) }),
    async handle({ params: { rows }, caller }) {
      const names = new Set(rows.map(row => String(row[resource.nameField])))
      for (const name of names) requirePermission(caller, action, name)
      const now = deps.clock()
      const whole =
        resource.unseen === undefined ? rows : await resource.unseen.fill(deps.database, rows, caller)
      const ids = await append(whole.map(row => bindRow(fields, row, now)))
      deps.onRows(resource.name, 'appended', ids.length)
      return { ids }
    },
  })
}
