import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '../../../src/client/client.ts'
import { secrets } from '../../wire/support/app.ts'
import { seeded } from './seed.ts'

/** Appends runs until it is stopped. */
export interface Writer {
  /** The ids of what was written so far, ascending. */
  readonly ids: readonly number[]
  stop(): Promise<void>
}

/** A program beside the browser that records a few runs every 100 ms. */
export function startWriter(url: string, rowsEach = 3): Writer {
  const client = createClient({ url, token: secrets.root })
  const ids: number[] = []
  const stopping = new AbortController()
  const writing = write()
  async function write(): Promise<void> {
    while (!stopping.signal.aborted) {
      const now = Date.now()
      const rows = Array.from({ length: rowsEach }, (_, i) => ({
        js_worker_name: seeded.workers[(ids.length + i) % seeded.workers.length] ?? seeded.worker,
        run_type: 'call',
        start_time: now - 20,
        finish_time: now,
        param: { n: ids.length + i },
        result: { ok: true },
      }))
      ids.push(...(await client.append('js-result', rows)))
      await sleep(100)
    }
  }
  return {
    ids,
    async stop() {
      stopping.abort()
      await writing
    },
  }
}
