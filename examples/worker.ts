/**
 * A remote worker: does the work of the handler `app.on_order`, four tasks at a time, until it is stopped.
 *
 *   npm run -s daybook -- handlers add app.on_order --sender shop --remote
 *   DAYBOOK_TOKEN=$(cat .daybook/super-token) npx node examples/worker.ts
 *   npm run -s daybook -- send shop '{"order": 7, "to": "ann@example.com"}' --wait
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, TaskFailure } from 'daybook/client'

interface Order {
  readonly order: number
  readonly to?: string
}

const daybook = createClient({
  url: process.env.DAYBOOK_URL ?? 'http://127.0.0.1:7411',
  token: process.env.DAYBOOK_TOKEN,
})

const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
process.once('SIGTERM', () => stop.abort())

const worker = daybook.worker(
  {
    fullNames: ['app.on_order'],
    concurrency: 4,
    signal: stop.signal,
    // The worker survives these: it tries again by itself.
    onFault: (fault, task) => console.error(task?.id ?? 'claim', String(fault)),
  },
  async (task, { signal }) => {
    const { order, to } = task.kwargs as Order
    // No retry can help here. Daybook retries a task that fails with any other error.
    if (to === undefined) throw new TaskFailure(`order ${order} has no address`, { retry: false })
    // Send the mail here. The signal aborts when the task is cancelled or its lease is lost.
    await sleep(200, undefined, { signal })
    console.log(`order ${order}, attempt ${task.attempt}: sent a mail to ${to}`)
    return { sent: to }
  },
)
console.log('waiting for orders')

// Resolves once the worker was stopped and its last task has ended.
await worker.done
console.log('stopped')
