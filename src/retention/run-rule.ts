import { pause } from '../async/pause.ts'
import { beyond } from '../condition/cursor.ts'
import type { Database, Runner } from '../database/database.ts'
import { locks, unlessLocked } from '../database/locks.ts'
import { rawStatement, type Statement } from '../database/statement.ts'
import type { StatementCache } from '../database/statement-cache.ts'
import { RpcError } from '../errors.ts'
import type { Resource } from '../resource/resource.ts'
import { type PlacedRow, readPlacedRows } from '../resource/select/read.ts'
import { tableOf } from '../resource/table.ts'
import { removeKeys } from '../resource/write/remove.ts'
import { withViews } from '../view/load-views.ts'
import { dropExpiredPartitions } from './drop-partitions.ts'
import { type Expired, planExpired } from './expired.ts'
import { createPace, type Pace } from './pace.ts'
import { rules } from './rule.ts'
import { countUntold, nothingUntold, tellRun } from './told.ts'

export interface RuleRunDeps {
  readonly database: Database
  readonly cache: StatementCache
  readonly maxConditions: number
  /** How often each rule is applied, in milliseconds. */
  readonly everyMs: number
  /** Called after each batch has been committed. */
  onDeleted(resource: Resource, rows: number): void
  onError(error: unknown): void
}

/** One run of a rule, named by the time at which it began. */
interface RuleRun {
  readonly id: unknown
  readonly startedTime: unknown
}

/** Others take over this long after the last batch of a server that fell silent. */
const leaseMs = 60_000

/** The rest is left to the next run, so that every rule has its turn. */
const longestRunMs = 60_000

/** Records are looked up so many at a time, without a lock, and deleted in batches. */
const found = 5000

const later = (slot: string): string => `now() + ${slot}::float8 * interval '1 millisecond'`

// What a server that was killed has deleted is told first.
const claim = rawStatement(
  `with due as (
     select * from retention_rule where id = (
         select id from retention_rule where coalesce(last_run_time < ${later('-$1')}, true)
         order by last_run_time nulls first, id limit 1)
       and not exists (select from retention_rule where run_until > now())
     for update
   ), told as (
     ${tellRun('due', `'failed'`, `'server_lost'`)}
   )
   update retention_rule set last_run_time = now(), last_deleted = 0, last_error = null, run_until = ${later('$2')},
     ${nothingUntold}
   where id = (select id from due)
   returning id, last_run_time`,
)

const rule = `select ${rules.columns}, (date_part('epoch', now()) * 1000)::bigint
  from retention_rule where id = $1 and last_run_time = $2`
const read = rawStatement(rule)
const hold = rawStatement(`${rule} for update`)

const count = rawStatement(
  `update retention_rule set deleted = deleted + $3::bigint, last_deleted = last_deleted + $3::bigint,
     run_until = ${later('$4')}, ${countUntold('$3::bigint', '$5::bigint', '$6::bigint')}
   where id = $1 and last_run_time = $2`,
)

const end = rawStatement(
  `with ended as (
     select * from retention_rule where id = $1 and last_run_time = $2 for update
   ), told as (
     ${tellRun('ended', `case when $4::text is null then 'success' else 'failed' end`, '$4::text')}
   )
   update retention_rule set run_until = null, last_error = $3, ${nothingUntold} where id = (select id from ended)`,
)

/**
 * Applies the rule that has waited longest, batch by batch, until no record is left or `signal` is aborted. Resolves to
 * false when no rule is due or another server is at work.
 */
export async function runNextRule(deps: RuleRunDeps, signal: AbortSignal): Promise<boolean> {
  const { database, everyMs, onError } = deps
  // A little less: a timer that fires a moment early would skip the rule until the next turn.
  const due = await unlessLocked(database, locks.retention, runner =>
    runner.run(claim, [everyMs * 0.9, leaseMs]),
  )
  const [id, startedTime] = due?.rows[0] ?? []
  if (id === undefined) return false
  try {
    await removeAll(deps, { id, startedTime }, signal)
    await database.run(end, [id, startedTime, null, null])
  } catch (error) {
    if (!isFaultOfRule(error)) onError(error)
    await database.run(end, [id, startedTime, describe(error), reasonOf(error)])
  }
  return true
}

async function removeAll(deps: RuleRunDeps, run: RuleRun, signal: AbortSignal): Promise<void> {
  const pace = createPace()
  const until = performance.now() + longestRunMs
  const goesOn = (): boolean => !signal.aborted && performance.now() < until
  let last: PlacedRow | undefined
  let isFirst = true
  while (goesOn()) {
    const expired = await planNow(deps.database, read, deps, run)
    if (expired === undefined) return
    if (isFirst) await dropPartitions(deps, run, expired)
    isFirst = false
    const rows = await findOldest(deps, expired, last)
    for (let first = 0; first < rows.length && goesOn(); ) {
      const batch = rows.slice(first, first + pace.size())
      const pauseMs = await removeBatch(deps, run, { keys: batch.map(row => row.key), pace })
      if (pauseMs === undefined) return
      first += batch.length
      await pause(pauseMs, signal)
    }
    if (rows.length < found) return
    last = rows.at(-1)
  }
}

/** Drops first what can be dropped as a whole. */
async function dropPartitions(deps: RuleRunDeps, run: RuleRun, expired: Expired): Promise<void> {
  const again = (runner: Runner) => planNow(runner, hold, deps, run)
  const dropped = await dropExpiredPartitions(deps.database, { rule: Number(run.id), expired, again })
  if (dropped > 0) deps.onDeleted(expired.resource, dropped)
}

/** The rule as it is now: it may have changed. Undefined: it was deleted, or another server runs it. */
async function planNow(
  { run }: Pick<Runner, 'run'>,
  statement: Statement,
  { maxConditions }: RuleRunDeps,
  { id, startedTime }: RuleRun,
): Promise<Expired | undefined> {
  const [row] = (await run(statement, [id, startedTime])).rows
  if (row === undefined) return undefined
  const stored = rules.read(row)
  // Rules are the super token's, and so are the views that they name.
  const query = await withViews({ run }, stored.query, null)
  return planExpired({ ...stored, query }, { now: Number(row.at(-1)), maxConditions })
}

/** The oldest expired records behind `last`. */
function findOldest(
  deps: RuleRunDeps,
  { resource, predicates }: Expired,
  last: PlacedRow | undefined,
): Promise<readonly PlacedRow[]> {
  const { ordering, fields } = resource
  const position =
    last === undefined ? undefined : { order: 'oldest' as const, time: last.time, key: last.key }
  const rest = position === undefined ? [] : beyond(position, ordering)
  return readPlacedRows(
    tableOf(resource, deps),
    { segments: [[...predicates, ...rest]], names: undefined, order: 'oldest', limit: found },
    fields.filter(field => field.name === ordering.key),
  )
}

/** Deletes rows and counts them in one transaction, so that the count survives a crash. Resolves to the pause after it. */
async function removeBatch(
  deps: RuleRunDeps,
  run: RuleRun,
  { keys, pace }: { readonly keys: readonly number[]; readonly pace: Pace },
): Promise<number | undefined> {
  let began = 0
  const done = await deps.database.transaction(async runner => {
    began = performance.now()
    const expired = await planNow(runner, hold, deps, run)
    if (expired === undefined) return undefined
    const { resource, predicates } = expired
    const deleted = await removeKeys(tableOf(resource, deps, runner), { keys, predicates })
    // In their order, and those that were passed over lie between.
    const range = deleted === 0 ? [null, null] : [Math.min(...keys), Math.max(...keys)]
    await runner.run(count, [run.id, run.startedTime, deleted, leaseMs, ...range])
    return { resource, deleted }
  })
  if (done === undefined) return undefined
  if (done.deleted > 0) deps.onDeleted(done.resource, done.deleted)
  return pace.next(performance.now() - began)
}

/** A condition that this version does not know, for example: the rule shows it, the log need not. */
function isFaultOfRule(error: unknown): boolean {
  return error instanceof RpcError && error.data.path !== undefined
}

function reasonOf(error: unknown): string {
  return error instanceof RpcError ? error.data.reason : 'internal_error'
}

function describe(error: unknown): string {
  return error instanceof RpcError ? `${error.message} (${error.data.reason})` : 'internal error'
}
