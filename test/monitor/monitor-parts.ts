import { systemClock } from '../../src/async/clock.ts'
import type { Database } from '../../src/database/database.ts'
import { createStatementCache } from '../../src/database/statement-cache.ts'
import { createHandlerDirectory } from '../../src/event/handler/handler-directory.ts'
import type { Recall } from '../../src/event/send/receiving.ts'
import { createSender } from '../../src/event/send/send.ts'
import { invoke } from '../../src/method/invoke.ts'
import { monitorMethods } from '../../src/method/monitor.ts'
import { claimDue } from '../../src/monitor/claim.ts'
import { type EvaluateDeps, evaluate } from '../../src/monitor/evaluate.ts'
import type { MonitorStatus } from '../../src/monitor/monitor.ts'
import type { TokenLimit } from '../../src/permission/limit.ts'
import { compilePattern } from '../../src/permission/pattern.ts'
import { createRecordService } from '../../src/resource/records.ts'
import { insert, sealer } from '../event/definitions.ts'
import { root } from '../event/engine-setup.ts'
import { startTokens, type TestTokens } from '../token/tokens.ts'

/** May count what workers of this pattern did, and send in the name of `ops`. */
export function watcher(js_worker = '*'): TokenLimit {
  return [
    { scopes: [{ js_worker }], permissions: [{ js_result: { read: '*' } }] },
    { scopes: [{ sender: 'ops' }], permissions: [{ event: { send: '*' } }] },
  ]
}

/** Three failures within a minute. */
export const failing = {
  name: 'failing',
  resource: 'js-result',
  query: { condition: ['is_failure'] },
  window_ms: 60_000,
  every_ms: 1000,
  when: { at_least: 3 },
  event: { sender: 'ops', event_type: 'alerts.Failing', kwargs: { page: 'me' } },
} as const

/** An event that told of a transition, as its handler gets it. */
export interface ToldEvent {
  readonly request_id: string
  readonly param: { readonly monitor: { readonly name: string; readonly state: string } }
}

/** The steps of monitors, for tests that take one at a time. */
export interface MonitorParts {
  readonly tokens: TestTokens
  readonly deps: EvaluateDeps
  /** The reasons of evaluations that failed. */
  readonly failures: string[]
  readonly errors: unknown[]
  call<T = Record<string, unknown>>(method: string, params: object, bearer?: string): Promise<T>
  statusOf(name: string, bearer?: string): Promise<MonitorStatus>
  /**
   * Evaluates what is due, as a server would through `through`; resolves to how many monitors that were. `leaseMs`: when
   * others take them over.
   */
  evaluateDue(through?: Database, leaseMs?: number): Promise<number>
  /** Evaluates all of them, due or not. */
  evaluateAll(): Promise<number>
  /** So many runs of a worker that have failed some time ago. */
  fail(count: number, options?: { readonly worker?: string; readonly agoMs?: number }): Promise<void>
  forgetRuns(): Promise<void>
  /** What the handler of all alerts was sent, oldest first. */
  told(): Promise<readonly ToldEvent[]>
}

/** On a database that has only the handler of the alerts. */
export async function openMonitorParts(database: Database): Promise<MonitorParts> {
  const tokens = await startTokens(database, { pollMs: 0 })
  await insert(database, 'on-call', { event_type: compilePattern('alerts.*') })
  const records = createRecordService({
    database,
    cache: createStatementCache(),
    clock: systemClock,
    maxConditions: 32,
    onRows: () => undefined,
  })
  const recall: Recall = origins =>
    origins[0]?.tokenKey === 'key' ? Promise.resolve(root) : tokens.authenticator.recall(origins)
  const failures: string[] = []
  const errors: unknown[] = []
  const directory = createHandlerDirectory(sealer)
  const depsOn = (through: Database): EvaluateDeps => ({
    database: through,
    records,
    sender: createSender({
      database: through,
      directory,
      clock: systemClock,
      recall,
      onWork: () => undefined,
    }),
    recall,
    onFailure: reason => void failures.push(reason),
    onError: error => void errors.push(error),
  })
  const methods = new Map(monitorMethods(records).map(method => [method.name, method]))

  const call: MonitorParts['call'] = async <T>(name: string, params: object, bearer = tokens.root) => {
    const method = methods.get(name)
    if (method === undefined) throw new Error(`no method ${name}`)
    const context = { bearer, correlationId: 'test' }
    return (await invoke(method, params, context, tokens.authenticator.authenticate)) as T
  }
  async function evaluateDue(through = database, leaseMs = 60_000): Promise<number> {
    const claiming = { busy: new Map(), mostOfToken: 100, most: 1000, leaseMs }
    const claimed = await claimDue(through, claiming)
    for (const each of claimed) await evaluate(depsOn(through), each)
    return claimed.length
  }
  return {
    tokens,
    deps: depsOn(database),
    failures,
    errors,
    call,
    async statusOf(name, bearer) {
      const { monitors } = await call<{ monitors: readonly MonitorStatus[] }>(
        'monitor_status',
        { name },
        bearer,
      )
      if (monitors[0] === undefined) throw new Error('no status')
      return monitors[0]
    },
    evaluateDue,
    async evaluateAll() {
      await database.kysely.updateTable('monitor').set({ next_time: null }).execute()
      return evaluateDue()
    },
    async fail(count, { worker = 'w', agoMs = 0 } = {}) {
      const row = {
        js_worker_name: worker,
        run_type: 'call',
        start_time: new Date(Date.now() - agoMs - 50),
        error_message: 'boom',
      }
      const rows = Array.from({ length: count }, () => row)
      await database.kysely
        .insertInto('js_result')
        .values(rows.map(each => ({ ...each, js_worker_id: 1 })))
        .execute()
    },
    async forgetRuns() {
      await database.kysely.deleteFrom('js_result').execute()
    },
    async told() {
      const rows = await database.kysely
        .selectFrom('event_log')
        .select(['request_id', 'param'])
        .orderBy('id')
        .execute()
      return rows as unknown as readonly ToldEvent[]
    },
  }
}
