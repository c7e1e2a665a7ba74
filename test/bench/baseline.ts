import { once } from 'node:events'
import jayson from 'jayson/promise/index.js'
import jsonwebtoken from 'jsonwebtoken'
import { Kysely, PostgresDialect } from 'kysely'
import micromatch from 'micromatch'
import { Pool } from 'pg'
import {
  type BaselineTables,
  type Condition,
  insertRows,
  queryRows,
  type WireAppend,
  type WireRow,
} from './baseline-rows.ts'

/**
 * What Daybook is measured against: what a competent person writes by hand with the same packages, and no caching.
 * Run as a process of its own with DATABASE_URL and JWT_SECRET; prints where it listens.
 */

const databaseUrl = process.env.DATABASE_URL
const jwtSecret = process.env.JWT_SECRET
if (databaseUrl === undefined || jwtSecret === undefined) {
  throw new Error('DATABASE_URL and JWT_SECRET are needed')
}

/** The payload of a token: each limit grants its permissions on the workers of its scopes. */
interface Limit {
  readonly scopes: readonly { readonly js_worker: string }[]
  readonly permissions: readonly { readonly js_result: { readonly read?: string; readonly write?: string } }[]
}

const db = new Kysely<BaselineTables>({
  dialect: new PostgresDialect({ pool: new Pool({ connectionString: databaseUrl, max: 10 }) }),
})

const server = new jayson.Server({
  'js-result_query': async (params: QueryParams): Promise<WireRow[]> => {
    const limits = verify(params.token)
    const { condition } = params.query
    const name = condition.find(isNameCondition)?.js_worker_name
    if (name === undefined) throw rpcError(-32602, 'js_worker_name is required')
    requirePermission(limits, 'read', name)
    return queryRows(db, condition)
  },
  'js-result_append': async (params: AppendParams): Promise<{ ids: number[] }> => {
    const limits = verify(params.token)
    for (const name of new Set(params.rows.map(row => row.js_worker_name))) {
      requirePermission(limits, 'write', name)
    }
    return { ids: await insertRows(db, params.rows) }
  },
})

interface QueryParams {
  readonly token: string
  readonly query: { readonly condition: readonly Condition[] }
}

interface AppendParams {
  readonly token: string
  readonly rows: readonly WireAppend[]
}

function verify(token: string): readonly Limit[] {
  try {
    const payload = jsonwebtoken.verify(token, String(jwtSecret), { algorithms: ['HS256'] })
    return (payload as { limits: readonly Limit[] }).limits
  } catch {
    throw rpcError(102, 'Permission denied')
  }
}

function requirePermission(limits: readonly Limit[], verb: 'read' | 'write', name: string): void {
  const isPermitted = limits.some(({ scopes, permissions }) => {
    const workers = scopes.map(scope => scope.js_worker)
    const names = permissions.map(({ js_result }) => js_result[verb]).filter(text => text !== undefined)
    return micromatch.isMatch(name, workers) && names.length > 0 && micromatch.isMatch(name, names)
  })
  if (!isPermitted) throw rpcError(102, 'Permission denied')
}

function isNameCondition(condition: Condition): condition is { js_worker_name: string } {
  return typeof condition === 'object' && 'js_worker_name' in condition
}

function rpcError(code: number, message: string): { code: number; message: string } {
  return { code, message }
}

const http = server.http().listen(0, '127.0.0.1')
await once(http, 'listening')
const address = http.address()
if (address !== null && typeof address === 'object') {
  console.log(`the baseline listens on http://127.0.0.1:${address.port}`)
}
