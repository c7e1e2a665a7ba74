import type { Database, Runner } from '../../src/database/database.ts'
import { createStatementCache } from '../../src/database/statement-cache.ts'
import { stringifyJson } from '../../src/json.ts'
import { invoke } from '../../src/method/invoke.ts'
import { recordMethods } from '../../src/method/record.ts'
import type { Identity } from '../../src/permission/grant.ts'
import { compileLimits, type TokenLimit } from '../../src/permission/limit.ts'
import { resources } from '../../src/resource/kind/index.ts'
import { createRecordService } from '../../src/resource/records.ts'
import type { Resource } from '../../src/resource/resource.ts'

export const superToken: Identity = { tokenKey: 'super', isSuper: true, limits: [] }

/** Who holds a token with this limit list. */
export function holderOf(limits: TokenLimit): Identity {
  return { tokenKey: 'key', isSuper: false, limits: [compileLimits(limits)] }
}

type Verb = 'read' | 'write' | 'delete'

/** Who may do one thing to the workers of these patterns. */
export function workerHolder(verb: Verb, ...patterns: readonly string[]): Identity {
  const permissions = [{ js_result: { [verb]: '*' } }]
  return holderOf([{ scopes: patterns.map(pattern => ({ js_worker: pattern })), permissions }])
}

/** Calls a record method as the endpoint would; the super token calls if nobody is named. */
export type Call = <Answer>(method: string, params: object, caller?: Identity) => Promise<Answer>

export interface CallerOptions {
  readonly resources?: readonly Resource[]
  /** Epoch milliseconds. */
  readonly now?: () => number
}

/** Answers with what the client would read. */
export function createCaller(database: Database, options: CallerOptions = {}): Call {
  const callText = createTextCaller(database, options)
  return async (method, params, caller) => JSON.parse(await callText(method, params, caller))
}

/** Answers with the JSON text that goes to the client. */
export function createTextCaller(
  database: Database,
  options: CallerOptions = {},
): (method: string, params: object, caller?: Identity) => Promise<string> {
  const records = createRecordService({
    database,
    cache: createStatementCache(),
    clock: options.now ?? (() => 1_775_000_000_000),
    maxConditions: 1000,
    onRows: () => undefined,
  })
  const all = (options.resources ?? resources).flatMap(resource => recordMethods(records.of(resource)))
  const methods = new Map(all.map(method => [method.name, method]))
  return async (name, params, caller = superToken) => {
    const method = methods.get(name)
    if (method === undefined) throw new TypeError(`no method ${name}`)
    const context = { bearer: undefined, correlationId: 'test' }
    return stringifyJson(await invoke(method, params, context, async () => caller))
  }
}

class RolledBack extends Error {}

/** A database whose statements can be undone; one caller at a time. */
export interface Undoable extends Database {
  /** Undoes whatever `work` does to this database. */
  undone(work: () => Promise<void>): Promise<void>
}

export function createUndoable(database: Database): Undoable {
  let current: Runner = database
  const run: Runner['run'] = (statement, values) => current.run(statement, values)

  async function undone(work: () => Promise<void>): Promise<void> {
    try {
      await database.transaction(async runner => {
        current = runner
        await work()
        throw new RolledBack()
      })
    } catch (error) {
      if (!(error instanceof RolledBack)) throw error
    } finally {
      current = database
    }
  }

  return Object.create(database, {
    run: { value: run },
    read: { value: { run } },
    kysely: { get: () => current.kysely },
    undone: { value: undone },
  })
}

/** Appends any number of rows and answers with their ids, in order. */
export async function appendAll(
  call: Call,
  resource: Resource,
  rows: readonly object[],
): Promise<readonly number[]> {
  const ids: number[] = []
  for (let first = 0; first < rows.length; first += 1000) {
    const batch = { rows: rows.slice(first, first + 1000) }
    ids.push(...(await call<{ ids: number[] }>(`${resource.name}_append`, batch)).ids)
  }
  return ids
}

export interface Page {
  readonly rows: readonly Record<string, unknown>[]
  readonly next: string | null
  readonly count?: number
}

export interface Walk {
  readonly call: Call
  readonly resource: Resource
  readonly conditions: readonly unknown[]
  readonly order: 'newest' | 'oldest'
  /** The size of each page, over and over. */
  readonly sizes: readonly number[]
  readonly caller?: Identity
}

/** The ids of all pages. */
export async function walkPages(walk: Walk): Promise<readonly number[]> {
  const { call, resource, conditions, order, sizes, caller } = walk
  const { key } = resource.ordering
  const ids: number[] = []
  let after: string | null = null
  for (let i = 0; i === 0 || after !== null; i++) {
    const limit = sizes[i % sizes.length] ?? 1
    const params = { query: { condition: [...conditions, { limit }] }, order, after, fields: [key] }
    const page: Page = await call(`${resource.name}_page`, params, caller)
    if (page.rows.length > limit) throw new Error(`a page of ${limit} has ${page.rows.length} rows`)
    if (page.rows.length < limit && page.next !== null) throw new Error('a short page is not the last one')
    ids.push(...page.rows.map(row => Number(row[key])))
    after = page.next
  }
  return ids
}
