import type { Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'
import { parseJson, stringifyJson } from '../json.ts'

/** Which records are deleted once they are old enough. */
export interface RuleDefinition {
  /** The name of a resource. */
  readonly resource: string
  /** A condition list as a client gave it: it is planned anew whenever the rule is applied. */
  readonly condition: readonly unknown[]
  readonly olderThanMs: number
}

/** A stored rule and what became of it; times in epoch milliseconds. */
export interface Rule extends RuleDefinition {
  readonly id: number
  /** When the last run began. */
  readonly lastRunTime: number | null
  /** Records that the last run has deleted so far. */
  readonly lastDeleted: number | null
  /** Why the last run ended early. */
  readonly lastError: string | null
  /** Records that all runs have deleted. */
  readonly deleted: number
  readonly createdTime: number
  readonly updatedTime: number
}

type Running = Pick<Runner, 'run'>

// What has just begun with the old age looks again before its next batch.
const set = rawStatement(
  `insert into retention_rule as r (resource, condition, older_than_ms, created_time, updated_time)
   values ($1, $2, $3, now(), now())
   on conflict (resource, md5(condition::text)) do update set older_than_ms = excluded.older_than_ms,
     updated_time = excluded.updated_time
   returning id`,
)

const epochMs = (column: string): string => `(date_part('epoch', ${column}) * 1000)::bigint`

const columns = `id, resource, condition::text, older_than_ms, ${epochMs('last_run_time')}, last_deleted, last_error,
  deleted, ${epochMs('created_time')}, ${epochMs('updated_time')}`

const list = rawStatement(`select ${columns} from retention_rule order by id`)
const find = rawStatement(`select ${columns} from retention_rule where id = $1`)
const remove = rawStatement('delete from retention_rule where id = $1')

/** Stores a rule; one of the same resource and condition only gets the new age. Resolves to its id. */
export async function setRule({ run }: Running, definition: RuleDefinition): Promise<number> {
  const { resource, condition, olderThanMs } = definition
  const { rows } = await run(set, [resource, stringifyJson(condition), olderThanMs])
  return Number(rows[0]?.[0])
}

/** All rules, the oldest first. */
export async function listRules({ run }: Running): Promise<readonly Rule[]> {
  return (await run(list, [])).rows.map(ruleOf)
}

export async function findRule({ run }: Running, id: number): Promise<Rule | undefined> {
  return (await run(find, [id])).rows.map(ruleOf)[0]
}

/** False when there is no such rule. */
export async function removeRule({ run }: Running, id: number): Promise<boolean> {
  return (await run(remove, [id])).affected > 0
}

function ruleOf(row: readonly unknown[]): Rule {
  const [
    id,
    resource,
    condition,
    olderThanMs,
    lastRunTime,
    lastDeleted,
    lastError,
    deleted,
    created,
    updated,
  ] = row
  return {
    id: Number(id),
    resource: String(resource),
    condition: parseJson(String(condition)) as readonly unknown[],
    olderThanMs: Number(olderThanMs),
    lastRunTime: numberOrNull(lastRunTime),
    lastDeleted: numberOrNull(lastDeleted),
    lastError: lastError === null ? null : String(lastError),
    deleted: Number(deleted),
    createdTime: Number(created),
    updatedTime: Number(updated),
  }
}

function numberOrNull(value: unknown): number | null {
  return value === null ? null : Number(value)
}
