import { setTimeout as sleep } from 'node:timers/promises'
import autocannon from 'autocannon'
import type { HttpJob, Measurement } from './job.ts'
import { createMeter } from './meter.ts'

/** Longer than any round; autocannon is stopped when the round is over. */
const endlessSeconds = 3600

/** How an answer begins; jayson and Daybook differ in where the id stands. */
const answers = {
  result: /^\{"jsonrpc":"2\.0",(?:"id":\d+,)?"result":/,
  error: /^\{"jsonrpc":"2\.0",(?:"id":\d+,)?"error":/,
}

/** Sends the job's requests by autocannon and measures the answers. */
export async function runHttpLoad(job: HttpJob): Promise<Measurement> {
  const { extent } = job
  const meter = createMeter(job)
  let firstError: string | undefined
  const { instance, done } = startAutocannon(job)
  instance.on('response', (_client, status, _bytes, milliseconds) => {
    meter.record(milliseconds)
    if (status < 200 || status > 299) firstError ??= `HTTP status ${status}`
  })
  instance.on('reqError', error => {
    firstError ??= String(error)
  })
  onMismatch(instance, body => {
    firstError ??= body.slice(0, 500)
  })
  if ('amount' in extent) {
    meter.start()
    await done
    meter.stop()
  } else {
    await sleep(extent.warmupMs)
    meter.start()
    await sleep(extent.measureMs)
    meter.stop()
    instance.stop()
  }
  const { errors, non2xx, mismatches } = await done
  return { ...meter.read(), errors: errors + non2xx + mismatches, firstError }
}

interface Started {
  readonly instance: autocannon.Instance
  readonly done: Promise<autocannon.Result>
}

function startAutocannon(job: HttpJob): Started {
  const { promise, resolve, reject } = Promise.withResolvers<autocannon.Result>()
  const shares = sharesOf(job)
  const options: autocannon.Options = {
    url: job.url,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    connections: job.connections,
    pipelining: 1,
    timeout: 30,
    // How often autocannon looks whether it shall stop.
    sampleInt: 50,
    ...('amount' in job.extent ? { amount: job.extent.amount } : { duration: endlessSeconds }),
    setupClient(client) {
      client.setRequests((shares.pop() ?? []).map(body => ({ body })))
    },
    verifyBody: body => answers[job.expects].test(String(body)),
  }
  const instance = autocannon(options, (error: unknown, outcome) => {
    if (error) reject(error)
    else resolve(outcome)
  })
  return { instance, done: promise }
}

/** A list of bodies for each connection, so that no two ask the same at the same time. */
function sharesOf({ bodies, connections }: HttpJob): string[][] {
  const size = Math.floor(bodies.length / connections)
  return Array.from({ length: connections }, (_, i) => bodies.slice(i * size, (i + 1) * size))
}

/** autocannon's types leave this event out. */
function onMismatch(instance: NodeJS.EventEmitter, listener: (body: string) => void): void {
  instance.on('reqMismatch', listener)
}
