import type { HttpJob, QueueJob } from './job.ts'
import { callMethod, requestBody } from './rpc.ts'
import { type Bench, type Contender, daybookContender, httpJob, type Scenario } from './scenario.ts'

const sendConnections = 32
const bodiesEach = 50
const scriptConnections = 8
const eventsPerSecond = 1500
/** The script that is called. */
export const scriptName = 'bench_sum'

export function eventScenarios(bench: Bench): readonly Scenario[] {
  return [throughput(bench), scriptCalls(bench)]
}

/**
 * Events sent one a request and run by a local handler, with their history kept; beside them the same number of jobs
 * added one by one to queues that run in the process that adds them.
 */
function throughput(bench: Bench): Scenario {
  const { credentials, postgres, seconds } = bench
  const { databaseUrl } = postgres
  const amount = seconds * eventsPerSecond
  const bodies = (token: string): string[] =>
    Array.from({ length: sendConnections * bodiesEach }, (_, i) =>
      requestBody('event_send', { token, sender: 'bench.load', kwargs: { sent: Date.now(), i } }),
    )
  const load = { connections: sendConnections, extent: { amount }, bodies }
  const http: HttpJob = httpJob(bench, bench.daybook, load, credentials.token)
  const queue = (library: QueueJob['library']): Contender => ({
    name: library,
    job: {
      kind: 'queue',
      library,
      databaseUrl,
      connections: sendConnections,
      amount,
      postgresPid: postgres.pid,
    },
  })
  return {
    name: 'event-throughput',
    title: `events sent and run (${sendConnections} at once)`,
    unit: 'event',
    contenders: [
      { name: 'daybook', job: { kind: 'event', http, databaseUrl } },
      queue('graphile-worker'),
      queue('pg-boss'),
    ],
  }
}

/** js-worker_run, each waiting for its result. */
function scriptCalls(bench: Bench): Scenario {
  const params = { js_script_name: scriptName, params: { a: 1, b: 2 }, wait_ms: 10_000 }
  return {
    name: 'script-call',
    title: `script worker calls (${scriptConnections} connections)`,
    contenders: [
      daybookContender(bench, {
        connections: scriptConnections,
        extent: { warmupMs: 1000, measureMs: bench.seconds * 1000 },
        bodies: token =>
          Array.from({ length: scriptConnections }, () => requestBody('js-worker_run', { token, ...params })),
      }),
    ],
  }
}

/** Stores the script that is called. */
export async function createScript({
  url,
  token,
}: {
  readonly url: string
  readonly token: string
}): Promise<void> {
  const source = 'export default { onCall: params => ({ sum: params.a + params.b }) }'
  await callMethod(url, 'js-worker_create', {
    token,
    name: scriptName,
    js_script_base64: Buffer.from(source).toString('base64'),
  })
}
