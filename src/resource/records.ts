import { createBatchQueue, type Write } from '../async/batch-queue.ts'
import type { Clock } from '../async/clock.ts'
import { type Actor, type AuditEntry, type Deed, entryOfDeed } from '../audit/entry.ts'
import { writeDeed } from '../audit/write.ts'
import { beyond, decodeCursor, encodeCursor, type Order } from '../condition/cursor.ts'
import type { Plan } from '../condition/plan.ts'
import { and, equal, type Predicate } from '../condition/predicate.ts'
import { timestampOf } from '../condition/value.ts'
import type { Runner } from '../database/database.ts'
import { makeRoom } from '../database/partition-upkeep.ts'
import { RpcError } from '../errors.ts'
import { JsonText } from '../json.ts'
import { type Identity, requirePermission, requireSuper } from '../permission/grant.ts'
import { exportPages } from './export/export.ts'
import type { ExportPage } from './export/export-page.ts'
import type { ExportPlan } from './export/export-plan.ts'
import { importRows } from './import/import.ts'
import { planBounded, planFilters, planQuery, planRemoval, type Query } from './query.ts'
import { actionOf, type GivenRow, type Resource, type Verb } from './resource.ts'
import { type BoundRow, bindImported, bindRow } from './row.ts'
import { type Access, planAccess, rowFilter } from './select/access.ts'
import { countRows, estimateRows } from './select/count.ts'
import { countValues, type Facet, type FacetOptions } from './select/facet.ts'
import { type Found, readPage, selectionOf, shapeFound } from './select/found.ts'
import { type PlacedRow, readArray, readRows } from './select/read.ts'
import type { Selection } from './select/selection.ts'
import { readStatistics, type Statistics, type StatisticsOptions } from './statistics/statistics.ts'
import { type Reader, readerOf, type Table, type TableOptions, tableOf, walkerOf } from './table.ts'
import { insertRows } from './write/append.ts'
import { type Ending, finishRows } from './write/finish.ts'
import { type MirroredRow, mirrorRows } from './write/mirror.ts'
import { lockIds, type Removed, removeRows } from './write/remove.ts'

export interface RecordOptions extends TableOptions {
  readonly clock: Clock
  readonly maxConditions: number
  /** Ids to a range of a table; see makeRoom. */
  readonly partitionRows?: number | undefined
  /** Told of the rows that a call returned, deleted or appended. */
  readonly onRows: (resource: string, verb: RowsVerb, count: number) => void
}

export type RowsVerb = 'returned' | 'deleted' | 'appended'

/** The records of every kind. */
export interface RecordService extends RecordOptions {
  of(resource: Resource): Records
}

export function createRecordService(options: RecordOptions): RecordService {
  const known = new Map<Resource, Records>()
  return {
    ...options,
    of(resource) {
      const records = known.get(resource) ?? new Records(resource, options)
      known.set(resource, records)
      return records
    },
  }
}

/** What a query without limit or last returns at most. */
const defaultLimit = 1000

export interface PageOptions {
  readonly order: Order
  /** What `Page.next` was of the page before. */
  readonly after: string | null | undefined
  /** The only members of each row; absent: all. */
  readonly fields: readonly string[] | undefined
  readonly count: 'none' | 'exact' | 'estimate'
}

export interface Page {
  readonly rows: readonly PlacedRow[]
  /** The cursor of the next page; null at the end. */
  readonly next: string | null
  readonly count: number | undefined
}

/** Epoch milliseconds. */
export interface Period {
  readonly from: number
  readonly to: number
}

export interface Appended {
  /** In the order in which the rows were given. */
  readonly ids: readonly number[]
}

export interface Imported {
  readonly imported: number
  /** Those that were there already, with the same content. */
  readonly skipped: number
}

export interface RemoveOptions {
  /** Delete nothing, count what would be deleted. */
  readonly isDryRun: boolean
  /** Delete nothing when more are found. */
  readonly maxAffected: number | undefined
}

export interface EndingInput extends Omit<Ending, 'finishTime'> {
  /** Epoch milliseconds; undefined: now. */
  readonly finishTime: number | undefined
}

/** Records that one call may lock. */
const maxLocked = 10_000

/**
 * The records of one kind. Each call says who calls and what is asked: it throws RpcError -32602 with the path of a fault in the
 * conditions, and 102 for what the caller is not permitted.
 */
export class Records {
  readonly resource: Resource
  readonly #options: RecordOptions
  readonly #table: Table
  readonly #reader: Reader
  readonly #append: Write<BoundRow, number>

  constructor(resource: Resource, options: RecordOptions) {
    this.resource = resource
    this.#options = options
    const table = tableOf(resource, options)
    this.#table = table
    this.#reader = readerOf(resource, options)
    this.#append = createBatchQueue({ what: 'appends', write: rows => insertRows(table, rows) })
  }

  /** The rows found, newest first, as a JSON array. */
  async select(caller: Identity, query: Query): Promise<JsonText> {
    const plan = planQuery(this.resource, query, this.#options)
    const access = planAccess(this.resource, 'read', caller, plan)
    const limit = plan.limit ?? defaultLimit
    if (limit === 0) return new JsonText('[]')
    const selection = await selectionOf(this.#reader, access, { order: 'newest', limit })
    const { json, count } = await readArray(this.#reader, selection)
    this.#onRows('returned', count)
    return json
  }

  /** The rows found a page at a time, each exactly once however many are appended meanwhile. */
  async page(caller: Identity, query: Query, { order, after, fields, count }: PageOptions): Promise<Page> {
    const { resource } = this
    const plan = planQuery(this.resource, query, this.#options)
    const access = planAccess(resource, 'read', caller, plan)
    const behind = after == null ? undefined : decodeCursor(after, order, 'after')
    const found = this.#found(plan, access, behind?.onPrimary)
    const starts = behind && beyond(behind, resource.ordering)
    const { rows, last } = await readPage(found, { order, starts, fields })
    this.#onRows('returned', rows.length)
    const counted = count === 'none' ? undefined : await countFor(found, count)
    const next = last && encodeCursor({ order, ...last, onPrimary: found.walker.wasOnPrimary() })
    return { rows, next: next ?? null, count: counted }
  }

  /** The record of this key. Throws RpcError 105 (`record_not_found`) also for one that the caller may not read. */
  async get(caller: Identity, key: number): Promise<JsonText> {
    const { resource } = this
    const segment = [equal(resource.ordering.key, key), ...rowFilter(resource, 'read', caller)]
    const selection: Selection = { segments: [segment], names: undefined, order: 'newest', limit: 1 }
    const [row] = await readRows(this.#reader, selection)
    if (row === undefined) {
      throw new RpcError('record_not_found', `There is no ${resource.name} record of this id`, { path: 'id' })
    }
    this.#onRows('returned', 1)
    return new JsonText(row)
  }

  /** The values of a field among the rows found, and how many have each; a limit or last bounds the rows. */
  async facet(caller: Identity, query: Query, asked: FacetOptions): Promise<Facet> {
    const plan = planQuery(this.resource, query, this.#options)
    const rows = await shapeFound(this.#reader, plan, planAccess(this.resource, 'read', caller, plan))
    return countValues(this.#reader, rows, asked)
  }

  /** How many rows are found; a limit or last bounds it. */
  async count(caller: Identity, query: Query): Promise<number> {
    const plan = planQuery(this.resource, query, this.#options)
    const { predicates } = planAccess(this.resource, 'read', caller, plan)
    return countRows(this.#reader, predicates, plan.limit)
  }

  /** How many rows that conditions choose lie in a period of the time that orders them; both ends belong to it, epoch ms. */
  async countBetween(caller: Identity, query: Query, { from, to }: Period): Promise<number> {
    // What the conditions count back, they count from the end of the period.
    const plan = planFilters(this.resource, query, { ...this.#options, clock: () => to })
    const { predicates } = planAccess(this.resource, 'read', caller, plan)
    const { time: column } = this.resource.ordering
    const within: readonly Predicate[] = [
      { type: 'time_from', column, time: timestampOf(from) },
      { type: 'time_to', column, time: timestampOf(to) },
    ]
    return countRows(this.#reader, [...predicates, ...within], undefined)
  }

  /** Throws what countBetween would throw for this caller and query. */
  requireCountable(caller: Identity, query: Query): void {
    planAccess(this.resource, 'read', caller, planFilters(this.resource, query, this.#options))
  }

  /** How many rows are found by field, by time and by state; a limit or last bounds them. Throws RpcError -32602 (`too_many_buckets`). */
  async statistics(caller: Identity, query: Query, options: StatisticsOptions): Promise<Statistics> {
    const plan = planQuery(this.resource, query, this.#options)
    const access = planAccess(this.resource, 'read', caller, plan)
    return readStatistics(this.#reader, { plan, access, now: this.#options.clock() }, options)
  }

  /** What a client's query finds, to be read in another way than by `select` and `page`; `onPrimary`: as if it were written to. */
  findAsked(caller: Identity, query: Query, onPrimary = false): Found {
    const plan = planQuery(this.resource, query, this.#options)
    return this.#found(plan, planAccess(this.resource, 'read', caller, plan), onPrimary)
  }

  /** The same of conditions that we have made. */
  find(caller: Identity, condition: readonly unknown[]): Found {
    const plan = planQuery(
      this.resource,
      { condition },
      { maxConditions: condition.length, clock: this.#options.clock, path: 'condition' },
    )
    return this.#found(plan, planAccess(this.resource, 'read', caller, plan))
  }

  /**
   * Deletes exactly what the same conditions find. Throws RpcError 108 (`all_required`, `max_affected_exceeded`), and 102
   * (`append_only`) where no client may.
   */
  async remove(by: Actor, query: Query, { isDryRun, maxAffected }: RemoveOptions): Promise<Removed> {
    const { resource } = this
    const plan = planRemoval(resource, query, this.#options)
    const { limit } = plan
    const { predicates } = planAccess(resource, 'delete', by.caller, plan)
    if (resource.recorded === 'keep') throw appendOnly()
    const deed = { by, resource: resource.name, condition: query.condition, isDryRun }
    const removed = isDryRun
      ? await this.#wouldRemove(deed, predicates, limit)
      : await removeRows(this.#table, { predicates, limit, maxAffected, entry: this.#entryOf(deed) })
    if (maxAffected !== undefined && removed.found > maxAffected) throw tooMany(maxAffected, 'deleted')
    if (!isDryRun) this.#onRows('deleted', removed.deleted)
    return removed
  }

  async #wouldRemove(
    deed: Deed,
    predicates: readonly Predicate[],
    limit: number | undefined,
  ): Promise<Removed> {
    const found = await countRows(this.#table, predicates, limit)
    await writeDeed(this.#options.database, { ...deed, affected: found }, this.#options.clock())
    return { found, deleted: 0 }
  }

  #entryOf(deed: Deed): AuditEntry {
    return entryOfDeed(deed, this.#options.clock())
  }

  /**
   * Plans what is to be done to the records found; the answered function locks them until the transaction of `runner` ends, and
   * answers their ids. Throws RpcError -32602 (`condition_required`) when everything would be found, and 108 (`max_affected_exceeded`).
   */
  lock(
    caller: Identity,
    verb: Verb,
    { query, maxAffected = maxLocked }: { readonly query: Query; readonly maxAffected: number | undefined },
  ): (runner: Runner) => Promise<readonly number[]> {
    const plan = planBounded(this.resource, query, this.#options)
    const { predicates } = planAccess(this.resource, verb, caller, plan)
    const most = Math.min(maxAffected, maxLocked)
    const limit = Math.min(plan.limit ?? most + 1, most + 1)
    return async runner => {
      const ids = await lockIds({ ...this.#table, runner }, predicates, limit)
      if (ids.length > most) throw tooMany(most, 'changed')
      return ids
    }
  }

  /** Records rows that `newRowSchema` has accepted; resolves once they are committed. */
  async append(caller: Identity, rows: readonly GivenRow[]): Promise<Appended> {
    const { nameField, unseen, appended } = this.resource
    const action = actionOf(this.resource, 'write')
    const names = new Set(rows.map(row => String(row[nameField])))
    for (const name of names) requirePermission(caller, action, name)
    const now = this.#options.clock()
    const whole = unseen === undefined ? rows : await unseen.fill(this.#options.database, rows, caller)
    const ids = await this.#append(whole.map(row => bindRow(appended, row, now)))
    this.#onRows('appended', ids.length)
    return { ids }
  }

  /** Records rows of the object `name` that their source may send again and again, see mirrorRows. */
  async mirror(caller: Identity, name: string, rows: readonly MirroredRow<GivenRow>[]): Promise<Appended> {
    const { merge, appended } = this.resource
    if (merge === undefined) throw new TypeError(`${this.resource.name} does not merge its records`)
    requirePermission(caller, actionOf(this.resource, 'write'), name)
    const now = this.#options.clock()
    const bound = rows.map(each => ({ ...each, row: bindRow(appended, each.row, now) }))
    const ids = await this.#options.database.transaction(runner =>
      mirrorRows({ ...this.#table, runner }, merge, name, bound),
    )
    this.#onRows('appended', ids.length)
    return { ids }
  }

  /** Ends the record `id` if it is still open. Resolves to how many were ended. */
  async finish(caller: Identity, id: number, ending: EndingInput): Promise<number> {
    const { finish, ordering } = this.resource
    if (finish === undefined) throw new TypeError(`${this.resource.name} has nothing to finish`)
    const record = and(equal(ordering.key, id), finish.open)
    return finishRows(this.#table, finish, {
      ...ending,
      finishTime: ending.finishTime ?? this.#options.clock(),
      predicates: [record, ...rowFilter(this.resource, 'write', caller)],
    })
  }

  /** Takes back rows that `importRowSchema` has accepted, under their own ids. For the super token alone: nobody runs what it brings. */
  async import(by: Actor, rows: readonly GivenRow[]): Promise<Imported> {
    requireSuper(by.caller)
    const { name: resource, table, ordering } = this.resource
    const { database, partitionRows, clock } = this.#options
    const bound = rows.map(row => bindImported(this.resource, row))
    const keys = rows.map(row => Number(row[ordering.key]))
    await makeRoom(database, { table, keys, partitionRows })
    const ids = await database.transaction(async runner => {
      const ids = await importRows({ ...this.#table, runner }, bound)
      await writeDeed(runner, { by, resource, affected: ids.length, ids }, clock())
      return ids
    })
    this.#onRows('appended', ids.length)
    return { imported: ids.length, skipped: rows.length - ids.length }
  }

  /** Every row found, a page at a time, see exportPages; `again` looks the caller up again. */
  export(caller: Identity, again: () => Promise<Identity>, planned: ExportPlan): AsyncGenerator<ExportPage> {
    const accessOf = (identity: Identity) => planAccess(this.resource, 'read', identity, planned.plan)
    let known = { caller, access: accessOf(caller) }
    const access = async (): Promise<Access> => {
      const now = await again()
      if (now !== known.caller) known = { caller: now, access: accessOf(now) }
      return known.access
    }
    const reader = walkerOf(this.#reader, this.#options.database)
    return this.#counted(exportPages({ reader, ...planned, access }))
  }

  async *#counted(pages: AsyncIterable<ExportPage>): AsyncGenerator<ExportPage> {
    for await (const page of pages) {
      this.#onRows('returned', page.rows)
      yield page
    }
  }

  #found(plan: Plan, access: Access, onPrimary = false): Found {
    return { plan, access, walker: walkerOf(this.#reader, this.#options.database, onPrimary) }
  }

  #onRows(verb: RowsVerb, count: number): void {
    this.#options.onRows(this.resource.name, verb, count)
  }
}

/** What the rows fulfil that a plan finds and the caller may read. Throws RpcError 102. */
export function readablePredicates(resource: Resource, caller: Identity, plan: Plan): readonly Predicate[] {
  return planAccess(resource, 'read', caller, plan).predicates
}

function countFor({ walker, access: { predicates } }: Found, count: 'exact' | 'estimate'): Promise<number> {
  return count === 'exact' ? countRows(walker, predicates, undefined) : estimateRows(walker, predicates)
}

function appendOnly(): RpcError {
  return new RpcError('append_only', 'No client may delete these records; a retention rule may')
}

function tooMany(most: number, what: string): RpcError {
  return new RpcError('max_affected_exceeded', `More than ${most} records were found; none was ${what}`, {
    path: 'max_affected',
  })
}
