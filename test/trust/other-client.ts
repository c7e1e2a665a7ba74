import { setTimeout as sleep } from 'node:timers/promises'

/** What one client felt while others did something: times in milliseconds. */
export interface Felt {
  readonly answered: number
  /** Requests that got an error, or no answer within the limit. */
  readonly refused: number
  readonly median: number
  readonly worst: number
  /** The first few of what it was refused with. */
  readonly refusals: readonly string[]
}

export interface OtherClientOptions {
  /** One request of the client; throws when it is refused. */
  readonly ask: () => Promise<unknown>
  /** Between two requests; default 20. */
  readonly pauseMs?: number
  /** A request that takes longer counts as refused; default 20,000. */
  readonly limitMs?: number
}

/** Has a client ask again and again, one request at a time, as long as `attack` lasts, and tells what it felt. */
export async function feltBeside(
  { ask, pauseMs = 20, limitMs = 20_000 }: OtherClientOptions,
  attack: () => Promise<unknown>,
): Promise<Felt> {
  const times: number[] = []
  const refusals: string[] = []
  let isOver = false

  async function askOnce(): Promise<void> {
    const began = performance.now()
    try {
      await Promise.race([ask(), expire(limitMs)])
      times.push(performance.now() - began)
    } catch (error) {
      refusals.push(error instanceof Error ? error.message : String(error))
    }
  }

  async function askOn(): Promise<void> {
    do {
      await askOnce()
      await sleep(pauseMs)
    } while (!isOver)
  }

  const asking = askOn()
  try {
    await attack()
  } finally {
    isOver = true
    await asking
  }
  return {
    answered: times.length,
    refused: refusals.length,
    median: Math.round(median(times)),
    worst: Math.round(Math.max(0, ...times)),
    refusals: refusals.slice(0, 3),
  }
}

/** Prints what was felt, beside the run. */
export function report(attack: string, felt: Felt): void {
  const { median, worst, answered, refused } = felt
  process.stderr.write(
    `${attack}: median ${median} ms, worst ${worst} ms, ${answered} answered, ${refused} refused\n`,
  )
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.POSITIVE_INFINITY
}

async function expire(ms: number): Promise<never> {
  await sleep(ms, undefined, { ref: false })
  throw new Error(`no answer within ${ms} ms`)
}
