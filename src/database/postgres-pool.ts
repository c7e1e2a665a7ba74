import { type ClientBase, type ClientConfig, type CustomTypesConfig, Pool, types } from 'pg'
import { columnParsers, oid, type ParseColumn } from './column-value.ts'
import type { PoolStats } from './database.ts'
import type { SessionSettings } from './session-settings.ts'
import type { Shares } from './shares.ts'

/** Times in milliseconds. */
export interface PoolOptions {
  /** How each connection is opened. */
  readonly connection: ClientConfig
  readonly poolMax: number
  readonly settings: SessionSettings
  readonly onError: (error: unknown) => void
}

/** A pool whose lost connections reach `onError` and never end the process. */
export function createPool(options: PoolOptions): Pool {
  const { onConnect } = options.settings
  const { connectionTimeoutMillis } = options.connection
  const pool = new Pool({
    ...options.connection,
    // What a transaction asks at once is sent at once.
    pipeline: true,
    max: options.poolMax,
    types: pgTypes(columnParsers),
    ...(onConnect !== undefined && {
      onConnect: client => applySettings(client, onConnect, connectionTimeoutMillis),
    }),
  })
  pool.on('error', error => {
    // `end` does not wait for the server: what it still says is of no use.
    if (pool.ending) return
    // pg attaches the whole client with all its settings, which is nothing for a log.
    Reflect.deleteProperty(error, 'client')
    options.onError(error)
  })
  // While a connection is lent the pool does not listen, and an error between two statements would end the process.
  pool.on('connect', client => client.on('error', () => undefined))
  return pool
}

/** `shares`: where what waits for one of its connections waits. */
export function statsOf(pool: Pool, shares: Shares): PoolStats {
  return { total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount + shares.waiting() }
}

/** What each connection has, within a pool or beside it. */
export function clientOptions(connectTimeoutMs: number): ClientConfig {
  return {
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    fallback_application_name: 'daybook',
  }
}

/** With a limit: the pool's own ends with the greeting, and a server may fall silent right after it. */
export async function applySettings(
  client: ClientBase,
  text: string,
  timeoutMs: number | undefined,
): Promise<void> {
  // pg's types know the limit of a connection, not that of a query.
  const query = { text, query_timeout: timeoutMs }
  await client.query(query)
}

// pg's type for type numbers leaves the arrays out.
const textArray = types.getTypeParser(1009 as Parameters<typeof types.getTypeParser>[0])
const arrays: ReadonlyMap<number, number | undefined> = new Map([
  [1000, oid.bool],
  [1005, oid.int2],
  [1007, oid.int4],
  [1016, oid.int8],
  [1021, oid.float4],
  [1022, oid.float8],
  [1028, oid.oid],
  [1185, oid.timestamptz],
  // name, text, varchar, numeric, json, jsonb, uuid: their elements stay text.
  ...[1003, 1009, 1015, 1231, 199, 3807, 2951].map(array => [array, undefined] as const),
])

/** pg's form of our column parsers. */
export function pgTypes(parsers: ReadonlyMap<number, ParseColumn>): CustomTypesConfig {
  const all = new Map<number, ParseColumn>(parsers)
  for (const [array, element] of arrays) {
    const parse = element === undefined ? undefined : parsers.get(element)
    all.set(array, text => parseElements(textArray(text), parse))
  }
  const asText: ParseColumn = text => text
  return { getTypeParser: (type: number) => all.get(type) ?? asText }
}

function parseElements(elements: unknown, parse: ParseColumn | undefined): unknown {
  if (parse === undefined || !Array.isArray(elements)) return elements
  return elements.map(element => (typeof element === 'string' ? parse(element) : element))
}
