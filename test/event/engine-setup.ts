import { onTestFinished } from 'vitest'
import { systemClock } from '../../src/async/clock.ts'
import type { Database } from '../../src/database/database.ts'
import type { HandlerDefinition } from '../../src/event/handler/handler.ts'
import type { LocalContext, LocalHandler } from '../../src/event/handler/local-handlers.ts'
import type { SendAnswer, ShownLog } from '../../src/event/send/event.ts'
import { type EventRequest, readEventRequests } from '../../src/event/send/event-request.ts'
import { type EventService, type EventServiceOptions, startEventService } from '../../src/event/service.ts'
import { createOutbound } from '../../src/outbound/outbound.ts'
import { createWebhooks } from '../../src/outbound/webhook.ts'
import type { Identity } from '../../src/permission/grant.ts'
import { followUnwatched, type LiveCaller } from '../../src/permission/live-caller.ts'
import { createSandbox } from '../../src/sandbox/sandbox.ts'
import { openTestDatabase } from '../support/databases.ts'
import { define, insert, sealer } from './definitions.ts'

/** A fresh PostgreSQL database that the test closes. Only where the engines may differ is the other one tried as well. */
export async function openPostgres(): Promise<Database> {
  const database = await openTestDatabase('postgres')
  onTestFinished(() => database.close())
  return database
}

/** May do everything. */
export const root: Identity = { tokenKey: 'key', isSuper: true, limits: [] }

/** A caller who stays who he is. */
export function callerOf(identity: Identity): LiveCaller {
  return followUnwatched(async () => identity)
}

export const rootCaller = callerOf(root)

export type Work = (kwargs: unknown, context: LocalContext) => unknown

/** What runs events on one server, without its network. */
export interface TestEngine extends EventService {
  /** What went wrong where nobody waited. */
  readonly errors: unknown[]
  /** Sends one event as a client. */
  send(event: SentByTest): Promise<SendAnswer<ShownLog>>
}

export type SentByTest = Partial<EventRequest> & { readonly sender: string }

export interface TestEngineOptions extends Partial<Omit<EventServiceOptions, 'database' | 'localHandlers'>> {
  /** What this server's local handlers do, by their full names. */
  readonly local?: Readonly<Record<string, Work>>
}

/** Starts an engine that the test stops, without a moment for what still runs. */
export async function startTestEngine(
  database: Database,
  { local = {}, ...options }: TestEngineOptions = {},
): Promise<TestEngine> {
  const errors: unknown[] = []
  const sandbox = createSandbox({ threads: 1 })
  const outbound = createOutbound({ allow: ['127.0.0.1'] })
  const engine = await startEventService({
    database,
    sealer,
    sandbox,
    outbound,
    webhooks: createWebhooks({ outbound }),
    clock: systemClock,
    recall: async () => root,
    callMethod: async method => {
      throw new Error(`no method ${method}`)
    },
    maxRuns: 100,
    leaseMs: 5000,
    onError: error => void errors.push(error),
    ...options,
    localHandlers: new Map(Object.entries(local).map(([name, run]) => [name, localHandler(name, run)])),
  })
  let closing: Promise<void> | undefined
  const close = (drainMs: number): Promise<void> => {
    closing ??= engine.close(drainMs).then(async () => {
      await sandbox.close()
      await outbound.close()
    })
    return closing
  }
  onTestFinished(() => close(0))
  return {
    ...engine,
    errors,
    close,
    async send(event) {
      const [answer] = await engine.sender.send(readEventRequests(event), { identity: root })
      if (answer === undefined) throw new Error('no answer')
      return answer
    },
  }
}

function localHandler(fullName: string, run: Work): LocalHandler {
  return { definition: define(fullName, { target: { kind: 'local' } }), run }
}

/** Stores a local handler that is not tried again unless the test says so. */
export function insertLocal(database: Database, fullName: string, rest: Partial<HandlerDefinition> = {}) {
  return insert(database, fullName, {
    target: { kind: 'local' },
    retry: { limit: 0, delay_ms: 0, backoff: false },
    ...rest,
  })
}
