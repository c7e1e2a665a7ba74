import { sql } from 'kysely'
import type { Database } from '../../src/database/database.ts'
import { createStatementCache } from '../../src/database/statement-cache.ts'
import { type RetentionOptions, startRetention } from '../../src/retention/retention.ts'
import { type Rule, type RuleDefinition, rules } from '../../src/retention/rule.ts'
import { runNextRule } from '../../src/retention/run-rule.ts'

export const day = 86_400_000

function rethrow(error: unknown): never {
  throw error
}

/** Applies the rules that are due, as a server's turn does; resolves to the rows that went, by resource. */
export async function applyRules(database: Database): Promise<Readonly<Record<string, number>>> {
  const gone: Record<string, number> = {}
  const deps = {
    database,
    cache: createStatementCache(),
    maxConditions: 32,
    everyMs: 60_000,
    onDeleted: ({ name }: { readonly name: string }, rows: number) => {
      gone[name] = (gone[name] ?? 0) + rows
    },
    onError: rethrow,
  }
  while (await runNextRule(deps, new AbortController().signal));
  return gone
}

/** Every rule is due again. */
export async function makeDue({ kysely }: Database): Promise<void> {
  await kysely.updateTable('retention_rule').set({ last_run_time: null, run_until: null }).execute()
}

/** The rules of a database are these alone. */
export async function onlyRules(database: Database, ...wanted: readonly RuleDefinition[]): Promise<void> {
  await database.kysely.deleteFrom('retention_rule').execute()
  for (const rule of wanted) await rules.insert(database, rule, Date.now())
}

export async function firstRule(database: Database): Promise<Rule> {
  const [rule] = await rules.list(database)
  if (rule === undefined) throw new Error('no rule')
  return rule
}

/** What a server starts, only faster. */
export function startQuickly(database: Database, options: Partial<RetentionOptions> = {}) {
  return startRetention({
    database,
    cache: createStatementCache(),
    maxConditions: 32,
    keepMs: 3 * day,
    sinkKeepMs: 7 * day,
    eventKeepMs: 7 * day,
    everyMs: 20,
    onError: rethrow,
    ...options,
  })
}

/** Inserts runs of the worker `old` that ended two days ago, a millisecond after each other. */
export async function insertOld({ kysely }: Database, count: number): Promise<void> {
  await sql`insert into js_result (js_worker_name, run_type, start_time, finish_time, param, result)
    select 'old', 'call', moment, moment, jsonb_build_object('n', n), '{}'
    from (select n, now() - interval '2 days' + n * interval '1 millisecond' as moment
      from generate_series(1, ${count}::int) as n) as rows`.execute(kysely)
}

export async function countRows({ kysely }: Database, table: 'js_result' | 'record_change'): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`.execute(kysely)
  return Number(rows[0]?.n)
}
