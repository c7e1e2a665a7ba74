import type { Runner } from './database.ts'
import { rawStatement } from './statement.ts'

const read = rawStatement('select version from definition_version')

/** Another number after each change of a handler or a script worker: whoever remembers them compares it. */
export async function readDefinitionVersion({ run }: Pick<Runner, 'run'>): Promise<number> {
  const { rows } = await run(read, [])
  return Number(rows[0]?.[0])
}
