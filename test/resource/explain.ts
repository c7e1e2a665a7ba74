import type { Undoable } from './caller.ts'
import type { Recorded } from './recorder.ts'

/** A node of PostgreSQL's plan (EXPLAIN (analyze, format json)). */
export interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Actual Rows'?: number
  readonly 'Actual Loops'?: number
  readonly 'Rows Removed by Filter'?: number
  readonly 'Rows Removed by Index Recheck'?: number
  readonly Plans?: readonly PlanNode[]
}

/** The nodes of the plan by which PostgreSQL ran this very statement with these values; what it did is undone. */
async function explain(database: Undoable, { statement, values }: Recorded): Promise<readonly PlanNode[]> {
  const { sql, parameters } = statement
  const explaining = { name: undefined, sql: `explain (analyze, format json) ${sql}`, parameters }
  let text = '[]'
  await database.undone(async () => {
    text = String((await database.run(explaining, values)).rows[0]?.[0])
  })
  const [explained] = JSON.parse(text) as { Plan: PlanNode }[]
  return explained === undefined ? [] : flatten(explained.Plan)
}

/** The same for all of them, one after the other. */
export async function explainAll(
  database: Undoable,
  recorded: readonly Recorded[],
): Promise<readonly (readonly PlanNode[])[]> {
  const plans: (readonly PlanNode[])[] = []
  for (const each of recorded) plans.push(await explain(database, each))
  return plans
}

function flatten(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)]
}

/** The nodes that read the table, or a range of it, itself or through one of its indexes. */
export function scansOf(plan: readonly PlanNode[], table: string): readonly PlanNode[] {
  const isOf = (name = ''): boolean => name === table || /^_p\d+$/.test(name.replace(table, ''))
  return plan.filter(node => isOf(node['Relation Name']) && node['Node Type'].endsWith('Scan'))
}

/** Rows that were read, those that a filter threw away included. */
export function rowsRead(scans: readonly PlanNode[]): number {
  return scans.reduce((sum, node) => {
    const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)
    return sum + ((node['Actual Rows'] ?? 0) + removed) * (node['Actual Loops'] ?? 1)
  }, 0)
}
