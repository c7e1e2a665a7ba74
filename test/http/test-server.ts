import { onTestFinished } from 'vitest'
import { type RunningServer, type ServerOptions, startServer } from '../../src/app/serve.ts'
import { readConfig } from '../../src/config.ts'
import { createLogger } from '../../src/logger.ts'
import type { Method, RequestContext } from '../../src/method/method.ts'
import { createMetrics, type Metrics } from '../../src/metrics.ts'
import { createDispatcher } from '../../src/rpc/dispatcher.ts'
import { createEndpoint, type Endpoint } from '../../src/rpc/endpoint.ts'
import { testAuthenticate, testMethods } from './test-methods.ts'

export const testContext: RequestContext = { bearer: undefined, correlationId: 'test' }

export interface TestOptions {
  readonly methods?: readonly Method[]
  readonly env?: Readonly<Record<string, string>>
  readonly probes?: ServerOptions['probes']
  readonly consoleFolder?: string
}

export interface TestParts {
  readonly log: string[]
  readonly metrics: Metrics
}

function serverOptions({ methods = [], env = {}, probes, ...rest }: TestOptions): ServerOptions & TestParts {
  const log: string[] = []
  return {
    config: readConfig({ env: { PORT: '0', ...env } }),
    methods: [...testMethods, ...methods],
    authenticate: testAuthenticate,
    probes: probes ?? { ping: async () => undefined, pendingMigrations: async () => [] },
    openrpc: async () => ({ openrpc: '1.3.2' }),
    logger: createLogger({ level: 'info', stream: { write: line => void log.push(line) } }),
    metrics: createMetrics(),
    log,
    ...rest,
  }
}

/** A endpoint without a network, and what it logs and counts. */
export function createTestDoor(options: TestOptions = {}): TestParts & { readonly door: Endpoint } {
  const all = serverOptions(options)
  const dispatch = createDispatcher(all)
  return { ...all, door: createEndpoint({ dispatch, limits: all.config, metrics: all.metrics }) }
}

/** The parsed answer to `body` (an object is sent as JSON); undefined when there is none. */
export async function ask(body: unknown, options: TestOptions = {}): Promise<unknown> {
  const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  const answer = await createTestDoor(options).door.answer(text, testContext)
  return answer === undefined ? undefined : JSON.parse(answer.toString())
}

/** A server on a free port that closes with the test. */
export async function startTestServer(options: TestOptions = {}): Promise<RunningServer & TestParts> {
  const all = serverOptions(options)
  const server = await startServer(all)
  onTestFinished(() => server.close())
  return { ...all, ...server }
}
