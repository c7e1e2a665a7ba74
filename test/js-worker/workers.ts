import type { Database } from '../../src/database/database.ts'
import { createStatementCache } from '../../src/database/statement-cache.ts'
import type { ChainPlace } from '../../src/js-worker/host.ts'
import { createScripts, type Scripts } from '../../src/js-worker/scripts.ts'
import { stringifyJson } from '../../src/json.ts'
import { callAs, invoke } from '../../src/method/invoke.ts'
import { jsWorkerMethods } from '../../src/method/js-worker.ts'
import { recordMethods } from '../../src/method/record.ts'
import { createOutbound, type Outbound } from '../../src/outbound/outbound.ts'
import type { Identity } from '../../src/permission/grant.ts'
import type { TokenLimit } from '../../src/permission/limit.ts'
import { jsResult } from '../../src/resource/kind/js-result.ts'
import { createRecordService } from '../../src/resource/records.ts'
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { createSealer, type Sealer } from '../../src/seal.ts'
import { startTokens, type TestTokens } from '../token/tokens.ts'

type Params = Readonly<Record<string, unknown>>

/** An event that a script sent, and in whose name. */
export interface SentByScript {
  readonly events: unknown
  readonly identity: Identity
  readonly chain: ChainPlace
}

/** What one server does with script workers, without its events and its network. */
export interface TestWorkers {
  readonly tokens: TestTokens
  readonly database: Database
  readonly scripts: Scripts
  readonly sandbox: Sandbox
  readonly sealer: Sealer
  readonly sent: readonly SentByScript[]
  /** From now on a script that sends waits until the answered function is called. */
  holdSending(): () => void
  /** What failed by our own fault. */
  readonly errors: unknown[]
  readonly console: readonly string[]
  /** Changes that were told. */
  changes(): number
  /** Answers with the JSON text that goes to the client; the super token calls if no credential is named. */
  callText(method: string, params?: Params, credential?: string): Promise<string>
  /** Answers with what the client would read. */
  // biome-ignore lint/suspicious/noExplicitAny: an answer as a client sees it
  call(method: string, params?: Params, credential?: string): Promise<any>
  /** Creates a worker whose default export is `{<members>}`. */
  add(name: string, members: string, more?: Params, credential?: string): Promise<unknown>
  /** Runs onCall (or another entry point) and answers with the finished row. */
  // biome-ignore lint/suspicious/noExplicitAny: a row as a client sees it
  run(name: string, params?: unknown, more?: Params, credential?: string): Promise<any>
  close(): Promise<void>
}

export interface WorkersOptions {
  readonly threads?: number
  readonly runs?: number
  readonly outbound?: Outbound
  readonly owner?: () => Promise<string>
}

export async function startWorkers(database: Database, options: WorkersOptions = {}): Promise<TestWorkers> {
  const tokens = await startTokens(database)
  const { authenticator, clock } = tokens
  const sandbox = createSandbox({ threads: options.threads ?? 2, runs: options.runs ?? 24 })
  const sealer = createSealer('s'.repeat(32))
  const outbound = options.outbound ?? createOutbound({ allow: [] })
  const sent: SentByScript[] = []
  const errors: unknown[] = []
  const lines: string[] = []
  let changes = 0
  let held: Promise<void> | undefined

  const scripts = createScripts({
    database,
    sandbox,
    sealer,
    outbound,
    clock,
    recall: authenticator.recall,
    owner: options.owner ?? (async () => 'server'),
    async send(events, by) {
      sent.push({ events, ...by })
      await held
      return { request_id: by.chain.requestId }
    },
    callMethod: async (method, params, ask, credential) => {
      if (!methods.has(method)) throw new Error(`no method ${method}`)
      return callAs(
        ask,
        [...methods.values()],
        method,
        params,
        credential ? { narrow: authenticator.authenticate } : {},
      )
    },
    onError: error => void errors.push(error),
    onConsole: (worker, level, text) => void lines.push(`${worker} ${level} ${text}`),
  })
  const onChange = () => {
    changes += 1
  }
  const workerDeps = { database, sandbox, sealer, scripts, clock, timezone: 'Europe/Berlin', onChange }
  const cache = createStatementCache()
  const records = createRecordService({ database, cache, clock, maxConditions: 100, onRows: () => undefined })
  const all = [...jsWorkerMethods(workerDeps), ...recordMethods(records.of(jsResult))]
  const methods = new Map(all.map(method => [method.name, method]))

  const callText: TestWorkers['callText'] = async (name, params = {}, credential = tokens.root) => {
    const method = methods.get(name)
    if (method === undefined) throw new Error(`no method ${name}`)
    const context = { bearer: credential, correlationId: 'test' }
    return stringifyJson(await invoke(method, params, context, authenticator.authenticate))
  }
  const call: TestWorkers['call'] = async (...given) => JSON.parse(await callText(...given))

  return {
    tokens,
    database,
    scripts,
    sandbox,
    sealer,
    sent,
    holdSending() {
      const { promise, resolve } = Promise.withResolvers<void>()
      held = promise
      return () => {
        held = undefined
        resolve()
      }
    },
    errors,
    console: lines,
    changes: () => changes,
    callText,
    call,
    add: (name, members, more = {}, credential) =>
      call('js-worker_create', { name, js_script_base64: scriptOf(members), ...more }, credential),
    run: (name, params = null, more = {}, credential) =>
      call('js-worker_run', { js_script_name: name, params, wait_ms: 30_000, ...more }, credential),
    async close() {
      await scripts.idle()
      await sandbox.close()
      if (options.outbound === undefined) await outbound.close()
      await authenticator.close()
    },
  }
}

/** Base64 of a script whose default export is `{<members>}`. */
export function scriptOf(members: string): string {
  return base64(`export default { ${members} }`)
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

/** The limit list that permits these bare verbs on the workers of a pattern. */
export function workerLimit(pattern: string, ...verbs: readonly string[]): TokenLimit {
  return [
    { scopes: [{ js_worker: pattern }], permissions: verbs.map(js_worker => ({ js_worker })) },
  ] as TokenLimit
}
