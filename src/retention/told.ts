import type { Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'

/**
 * SQL that tells the audit trail what a rule has deleted since it told last. `rule`: a relation with the columns of one rule,
 * which is locked; `outcome`, `reason`: SQL.
 */
export function tellRun(rule: string, outcome: string, reason: string): string {
  return `insert into audit_log (time, token_key, method, resource, target, condition, dry_run, affected, ids, outcome, reason)
    select now(), 'server', 'retention', resource, id::text,
      condition || jsonb_build_array(jsonb_build_object('older_than_ms', older_than_ms)), 'false', untold,
      jsonb_build_object('from', untold_from, 'to', untold_to), ${outcome}, ${reason}
    from ${rule} as r where untold > 0`
}

/** What is set once it is told. */
export const nothingUntold = 'untold = 0, untold_from = null, untold_to = null'

/** Counts what was deleted, to be told later. `slots`: SQL of how many, the least and the greatest of their ids. */
export function countUntold(count: string, from: string, to: string): string {
  return `untold = untold + ${count}, untold_from = least(untold_from, ${from}), untold_to = greatest(untold_to, ${to})`
}

const tellRest = rawStatement(
  tellRun('(select * from retention_rule where id = $1::bigint)', `'success'`, 'null'),
)

/** Tells what a rule that is about to be deleted has not told; call in the transaction that holds it. */
export async function tellBeforeEnd(runner: Pick<Runner, 'run'>, rule: number): Promise<void> {
  await runner.run(tellRest, [rule])
}
