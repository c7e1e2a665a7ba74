import type { Runner } from './database.ts'
import { rawStatement } from './statement.ts'

const read = rawStatement('select version from definition_version')

/** A number that changes with every change of a handler or a script worker, for those who cache them. */
export async function readDefinitionVersion({ run }: Pick<Runner, 'run'>): Promise<number> {
  const { rows } = await run(read, [])
  return Number(rows[0]?.[0])
}
