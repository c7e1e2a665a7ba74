import { peakMemory, resetPeakMemory } from '../trust/memory.ts'
import { type Measurement, type StreamJob, sentPlace } from './job.ts'
import type { LoadProcess } from './load-process.ts'
import { median } from './rounds.ts'
import { requestBody } from './rpc.ts'
import type { Bench } from './scenario.ts'

/** The names for `--only`. */
export const streamScenarios: readonly string[] = ['stream-fanout', 'stream-slow']

/** Measures the named scenarios, and resolves to their lines. */
export async function measureStreams(
  bench: Bench,
  load: LoadProcess,
  { names, rounds }: { readonly names: readonly string[]; readonly rounds: number },
): Promise<readonly string[]> {
  const lines: string[] = []
  if (names.includes('stream-fanout')) lines.push(...(await fanout(bench, load)))
  if (names.includes('stream-slow')) lines.push(...(await besideSlow(bench, load, rounds)))
  return lines
}

const connections = 100
const subscriptionsEach = 50
const handlers = 500
const senders = 1000

/** A condition list a subscriber, no two the same; what each event fulfils of them is about a dozen. */
function filterOf(subscriber: number): readonly unknown[] {
  const full_name = `bench.h${subscriber % handlers}.run`
  const sender = `sender_${subscriber % senders}`
  switch (subscriber % 5) {
    case 0:
      return [{ full_name }, { not: { sender: `nobody_${subscriber}` } }]
    case 1:
      return [{ full_name_like: `bench.h${subscriber % handlers}.*` }, { not: { node_id: `${subscriber}` } }]
    case 2:
      return [{ or: [{ full_name }, { sender }] }, { not: { node_id: `${subscriber}` } }]
    case 3:
      return [{ param_contains: { shard: subscriber % handlers } }, { not: { node_id: `${subscriber}` } }]
    default:
      return [{ sender_in: [sender, `other_${subscriber}`] }]
  }
}

/** 5,000 subscribers with different filters, 1,000 events a second. */
async function fanout(bench: Bench, load: LoadProcess): Promise<readonly string[]> {
  const { token, subscribers } = bench.credentials
  const subscribes = Array.from({ length: connections }, (_, connection) =>
    Array.from({ length: subscriptionsEach }, (_, i) => {
      const condition = filterOf(connection * subscriptionsEach + i)
      const subscriber = subscribers[connection % subscribers.length]
      return requestBody('event-log_subscribe', { token: subscriber, query: { condition } })
    }),
  )
  const bodies = Array.from({ length: senders }, (_, n) => {
    const rows = Array.from({ length: 10 }, (_, i) => ({
      full_name: `bench.h${(n * 10 + i) % handlers}.run`,
      sender: `sender_${(n * 7 + i) % senders}`,
      param: { sent: sentPlace, shard: (n + i * 11) % handlers, text: 'x'.repeat(100) },
    }))
    return requestBody('event-log_append', { token, rows })
  })
  const measured = await load.run(jobOf(bench, { subscribes, bodies, silent: 0, intervalMs: 10 }))
  const rate = measured.count / measured.seconds
  const { server = 0, postgres } = measured.cpu
  const cores = (micros: number): string => `${(micros / measured.seconds / 10_000).toFixed(0)} %`
  return [
    `  5,000 subscribers, 1,000 events/s, sent to delivered: ${timesOf(measured)} of ${rate.toFixed(0)}/s delivered, ` +
      `CPU server ${cores(server)}, PostgreSQL ${cores(postgres)}, load ${cores(measured.cpu.load)} of a core` +
      ` (p99 at most 100 ms)  ${measured.p99 <= 100 ? 'reached' : 'NOT REACHED'}`,
  ]
}

/** Ten subscribers with events of 10 KB, alone and beside one that never reads. */
async function besideSlow(bench: Bench, load: LoadProcess, rounds: number): Promise<readonly string[]> {
  const { token } = bench.credentials
  const row = { project_id: 'p', service_id: 'bench.s', service_name: 'n' }
  const rows = Array(10).fill({ ...row, event_info: `sent ${sentPlace} ${'x'.repeat(10_000)}` })
  const bodies = [requestBody('service-event_append', { token, rows })]
  const query = { condition: [] }
  const subscribes = Array.from({ length: 10 }, () => [
    requestBody('service-event_subscribe', { token, query }),
  ])
  const job = (silent: number): StreamJob => jobOf(bench, { subscribes, bodies, silent, intervalMs: 20 })
  const measured = { alone: [] as Measured[], beside: [] as Measured[] }
  // The heap grows to what it needs, with and without.
  await load.run(job(0))
  // In turns, so that whatever else the machine does meets both.
  for (let round = 0; round < rounds; round++) {
    measured.alone.push(await withMemory(bench, () => load.run(job(0))))
    measured.beside.push(await withMemory(bench, () => load.run(job(1))))
  }
  const [alone, beside] = [middleOf(measured.alone), middleOf(measured.beside)]
  const ratio = beside.p99 / alone.p99
  return [
    `  10 subscribers, 500 events/s of 10 KB, alone: ${timesOf(alone)}, peak ${alone.peak.toFixed(0)} MiB`,
    `  the same beside one that never reads: ${timesOf(beside)}, peak ${beside.peak.toFixed(0)} MiB; ` +
      `p99 ${ratio.toFixed(2)}x (at most 1.20x)  ${ratio <= 1.2 ? 'reached' : 'NOT REACHED'}`,
  ]
}

type Times = Pick<Measurement, 'p50' | 'p99' | 'errors' | 'firstError'>

/** `peak`: the most memory of the server, MiB. */
type Measured = Times & { readonly peak: number }

function middleOf(all: readonly Measured[]): Measured {
  const middle = (pick: (each: Measured) => number): number => median(all.map(pick))
  return {
    p50: middle(({ p50 }) => p50),
    p99: middle(({ p99 }) => p99),
    peak: middle(({ peak }) => peak),
    errors: all.reduce((sum, { errors }) => sum + errors, 0),
    firstError: all.find(({ firstError }) => firstError !== undefined)?.firstError,
  }
}

function jobOf(
  { daybook, postgres, seconds }: Bench,
  given: Pick<StreamJob, 'subscribes' | 'bodies' | 'silent' | 'intervalMs'>,
): StreamJob {
  return {
    kind: 'stream',
    ...given,
    url: daybook.url,
    warmupMs: 2000,
    measureMs: seconds * 1000,
    serverPid: daybook.pid,
    postgresPid: postgres.pid,
  }
}

async function withMemory({ daybook }: Bench, run: () => Promise<Measurement>): Promise<Measured> {
  await resetPeakMemory(daybook.pid)
  const measured = await run()
  return { ...measured, peak: await peakMemory(daybook.pid) }
}

function timesOf({ p50, p99, errors, firstError }: Times): string {
  if (errors > 0) throw new Error(`${errors} appends failed, the first: ${firstError}`)
  return `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`
}
