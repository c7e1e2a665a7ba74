import { createClient, DaybookError } from '../../src/client/client.ts'
import { superToken } from './daybook-process.ts'

/** Clients that query without a pause. */
export interface Readers {
  readonly refusals: readonly DaybookError[]
  /** How many queries found what they asked for. */
  answered(): number
  /** Ends them after their last answer; rejects when a request got none. */
  stop(): Promise<void>
}

export interface ReaderOptions {
  readonly url: string
  readonly clients: number
}

/** The longest wait for an answer: beyond, a request counts as hanging. */
const answerTimeoutMs = 20_000
const pauseMs = 20

export function startReaders({ url, clients }: ReaderOptions): Readers {
  const refusals: DaybookError[] = []
  let answered = 0
  let isStopped = false

  async function read(): Promise<void> {
    const client = createClient({ url, token: superToken, timeoutMs: answerTimeoutMs })
    while (!isStopped) {
      try {
        await client.query('js-result', [{ js_worker_name: 'nobody' }, { limit: 10 }])
        answered += 1
      } catch (error) {
        if (!(error instanceof DaybookError)) throw error
        refusals.push(error)
        await new Promise(resolve => setTimeout(resolve, pauseMs))
      }
    }
  }

  const ended = Promise.all(Array.from({ length: clients }, read))
  // Whoever stops them hears of it.
  ended.catch(() => undefined)
  return {
    refusals,
    answered: () => answered,
    async stop() {
      isStopped = true
      await ended
    },
  }
}
