import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import type { Engine } from '../../../src/database/database.ts'
import { engines } from '../../support/databases.ts'
import { type AppOptions, secrets, startTestApp, type TestApp } from './app.ts'

/** A request as it stands: `fetch` would send neither a foreign Host nor a foreign Origin. */
export interface Sent {
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

export interface Received {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** One HTTP exchange, on a connection of its own. */
export function send(url: string, { path = '/', method = 'POST', headers, body }: Sent): Promise<Received> {
  const all = { 'content-type': 'application/json', ...headers }
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { method, headers: all, agent: false }, answer => {
      text(answer).then(body => resolve({ status: answer.statusCode, headers: answer.headers, body }), reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

type Params = Readonly<Record<string, unknown>> | readonly unknown[]

/** A JSON-RPC request object. */
export function rpc(method: string, params?: Params, id: unknown = 1): object {
  return { jsonrpc: '2.0', method, params, id }
}

/** A client of one server, which has started once the tests run. */
export interface Wire {
  readonly app: TestApp
  /** Posts a body, text or what becomes JSON, and answers the parsed answer; undefined for 204. */
  ask(body: unknown, headers?: Sent['headers']): Promise<unknown>
  /** The parsed answer to one call; a credential goes into `token` unless the parameters hold one. */
  call(method: string, params?: Readonly<Record<string, unknown>>, token?: string): Promise<unknown>
  /** The result of one call that must succeed. */
  result<T>(method: string, params?: Readonly<Record<string, unknown>>, token?: string): Promise<T>
  /** Creates a token; answers its credential. */
  token(limits?: readonly unknown[], rest?: Readonly<Record<string, unknown>>): Promise<string>
}

/** A client of the server that `app` answers; calls are the super token's unless they say otherwise. */
export function createWire(
  app: () => TestApp,
  ask: Wire['ask'] = (body, headers) => post(app(), body, headers),
): Wire {
  const wire: Wire = {
    get app() {
      return app()
    },
    ask,
    call: (method, params, token = secrets.root) => ask(rpc(method, { token, ...params })),
    async result<T>(method: string, params?: Readonly<Record<string, unknown>>, token?: string) {
      const answer = await wire.call(method, params, token)
      if (!isSuccess<T>(answer)) throw new Error(`${method} failed: ${JSON.stringify(answer)}`)
      return answer.result
    },
    async token(limits = [], rest = {}) {
      const token_creation = { token_limit: limits, ...rest }
      const made = await wire.result<{ key: string; secret: string }>('token_create', { token_creation })
      return `${made.key}:${made.secret}`
    },
  }
  return wire
}

async function post({ url }: TestApp, body: unknown, headers: Sent['headers']): Promise<unknown> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return answer.status === 204 ? undefined : answer.json()
}

function isSuccess<T>(answer: unknown): answer is { readonly result: T } {
  return typeof answer === 'object' && answer !== null && 'result' in answer
}

/** Runs a suite against one server on each engine. */
export function describeApps(
  name: string,
  suite: (wire: Wire, engine: Engine) => void,
  options: AppOptions = {},
): void {
  describe.each(engines)(`${name} (%s)`, engine => {
    let app: TestApp | undefined
    beforeAll(async () => {
      app = await startTestApp(engine, options)
    })
    afterAll(() => app?.close())
    suite(
      createWire(() => {
        if (app === undefined) throw new TypeError('the server has not started yet')
        return app
      }),
      engine,
    )
  })
}

/** Matches an answer that is an error with this code and reason, at this path where one is given. */
export function failure(code: number, reason: string, path?: string): unknown {
  return failureWith(code, path === undefined ? { reason } : { reason, path })
}

/** The same, with at least this data. */
export function failureWith(code: number, data: object): unknown {
  return expect.objectContaining({
    error: expect.objectContaining({ code, data: expect.objectContaining(data) }),
  })
}

/** One limit of a token on js-result: the scope's pattern, and the verbs with the pattern of their names. */
export function jsLimit(scope: string, verbs: Readonly<Record<string, string>>): object {
  const permissions = Object.entries(verbs).map(([verb, pattern]) => ({ js_result: { [verb]: pattern } }))
  return { scopes: [{ js_worker: scope }], permissions }
}
