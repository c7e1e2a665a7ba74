import { z } from 'zod'
import { makeRoom } from '../../database/partition-upkeep.ts'
import { requireSuper } from '../../permission/grant.ts'
import { importRows } from '../../resource/import/import.ts'
import { bindImported, importRowSchema } from '../../resource/import/import-row.ts'
import type { Resource } from '../../resource/resource.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'
import { type LogMethodDeps, writerOf } from './record-method.ts'

const maxRows = 1000

/**
 * `X_import`: takes back what an export gave, under the same ids. For the super token alone: it writes what no client may,
 * and nobody runs what it brings.
 */
export function importMethod(resource: Resource, deps: LogMethodDeps): Method {
  const writer = writerOf(resource, deps)
  return defineMethod({
    name: `${resource.name}_import`,
    summary: `Takes back exported ${resource.summary}, under the same ids`,
    params: {
      token: credentialParam,
      rows: z.array(importRowSchema(resource)).min(1).max(maxRows).describe('Whole rows, with their ids'),
    },
    result: z.strictObject({
      imported: z.int(),
      skipped: z.int().describe('Those that were there already, with the same content'),
    }),
    async handle({ params: { rows }, caller }) {
      requireSuper(caller)
      const bound = rows.map(row => bindImported(resource, row))
      const keys = rows.map(row => Number(row[resource.ordering.key]))
      await makeRoom(deps.database, { table: resource.table, keys, partitionRows: deps.partitionRows })
      const answer = await deps.database.transaction(runner => importRows({ ...writer, runner }, bound))
      deps.onRows(resource.name, 'appended', answer.imported)
      return answer
    },
  })
}
