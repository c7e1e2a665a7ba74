/** A js-result row as `js-result_append` takes it. */
export interface SampleRow {
  readonly js_worker_id: number
  readonly js_worker_name: string
  readonly run_type: string
  /** Epoch milliseconds, as finish_time is. */
  readonly start_time: number
  readonly finish_time: number | null
  readonly param: unknown
  readonly result: unknown
  readonly error_message: string | null
}

const firstStart = 1_775_000_000_000
const runTypes = ['call', 'call', 'call', 'inline_call', 'cron'] as const
const failures = ['upstream answered 503', 'timed out after 5000 ms', 'TypeError: items is not iterable']

/** Of 500 rows of a worker one still runs. */
const runningEvery = 500

/**
 * The row number `i`, the same in every run: workers take turns, a second apart; one in ten fails, a few still run;
 * param and result are 100 to 200 bytes of JSON.
 */
export function sampleRow(i: number, workers: number): SampleRow {
  const random = mix(i)
  const worker = i % workers
  const startTime = firstStart + i * 1000 + (random % 1000)
  const duration = 5 + (random % 4000)
  const isRunning = Math.floor(i / workers) % runningEvery === runningEvery - 1
  const isFailure = !isRunning && random % 10 === 0
  return {
    js_worker_id: worker + 1,
    js_worker_name: workerName(worker),
    run_type: pick(runTypes, random >>> 4),
    start_time: startTime,
    finish_time: isRunning ? null : startTime + duration,
    param: paramOf(i, random),
    result: isRunning || isFailure ? null : resultOf(i, duration),
    error_message: isFailure ? pick(failures, random >>> 8) : null,
  }
}

export function workerName(worker: number): string {
  return `worker_${String(worker).padStart(4, '0')}`
}

/** Scatters whole numbers over 32 bits (the finaliser of MurmurHash3). */
export function mix(i: number): number {
  const a = Math.imul(i ^ (i >>> 16), 0x85ebca6b)
  const b = Math.imul(a ^ (a >>> 13), 0xc2b2ae35)
  return (b ^ (b >>> 16)) >>> 0
}

function paramOf(i: number, random: number): unknown {
  return {
    url: `https://shop.example/api/orders/${100_000 + (random % 900_000)}`,
    attempt: 1 + (random % 3),
    customer: { id: i % 50_000, region: random % 2 === 0 ? 'eu-central' : 'us-east' },
    options: { retry: true, timeout_ms: 5000 },
  }
}

function resultOf(i: number, duration: number): unknown {
  const items = 1 + (i % 40)
  return {
    ok: true,
    status: 200,
    items,
    checksum: mix(i + 1).toString(16) + mix(i + 2).toString(16),
    message: `processed ${items} of ${items} items in ${duration} ms`,
  }
}

function pick<T>(list: readonly T[], random: number): T {
  const value = list[random % list.length]
  if (value === undefined) throw new RangeError('nothing to pick from')
  return value
}
