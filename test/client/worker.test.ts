import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  type Client,
  createClient,
  DaybookError,
  type EventLogRow,
  type NewHandler,
  type Task,
  TaskFailure,
  type Work,
  type Worker,
  type WorkerSettings,
} from '../../src/client/client.ts'
import type { Engine } from '../../src/database/database.ts'
import { engines } from '../support/databases.ts'
import { secrets, startOn, type TestApp } from '../wire/support/app.ts'
import { createTestData, type TestData } from '../wire/support/data.ts'
import { type Gateway, openGateway } from './gateway.ts'
import { startScriptedServer } from './scripted-server.ts'

const token = secrets.root
let data: TestData
let server: TestApp
let client: Client
let gateway: Gateway
const workers: Worker[] = []

beforeAll(async () => {
  data = await createTestData(engines[0] as Engine)
  server = await startOn(data)
  client = createClient({ url: server.url, token })
  gateway = await openGateway(server.url)
}, 60_000)

afterEach(async () => {
  // Work that a failed test left waiting would hold up the others for ever.
  await Promise.race([Promise.allSettled(workers.splice(0).map(worker => worker.stop())), sleep(5000)])
})

afterAll(async () => {
  await gateway.close()
  await server.close()
  await data.remove()
})

let lastName = 0

/** A remote handler of its own; the sender has its name. */
async function givenHandler(more: Partial<NewHandler> = {}): Promise<string> {
  const name = `test.h${++lastName}`
  await client.call('event-handler_create', {
    full_name: name,
    sender: name,
    target: { kind: 'remote' },
    retry: { limit: 2, delay_ms: 0 },
    ...more,
  })
  return name
}

/** Starts a worker of one handler, through the gateway; it is stopped after the test. */
function startWorker(name: string, work: Work, more: Partial<WorkerSettings> = {}): Worker {
  const remote = createClient({ url: gateway.url, token })
  const worker = remote.worker({ fullNames: [name], leaseMs: 1000, pollMs: 300, ...more }, work)
  workers.push(worker)
  return worker
}

async function rowOf(id: number | undefined): Promise<EventLogRow | undefined> {
  return (await client.query('event-log', [{ id: id ?? 0 }]))[0]
}

/** Sends an event and waits for the end of its only record. */
async function runEvent(name: string, kwargs?: unknown): Promise<EventLogRow | undefined> {
  const sent = await client.send({ sender: name, kwargs }, { waitMs: 20_000 })
  return rowOf(sent.event_logs[0]?.id)
}

/** Without an end of its own: a busy machine may take long, and the test has one. */
async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await sleep(20)
}

function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve(signal.reason)
    signal.addEventListener('abort', () => resolve(signal.reason))
  })
}

describe('a task', () => {
  test('is completed with what the work returns', async () => {
    const name = await givenHandler()
    const seen: Task[] = []
    startWorker(name, task => {
      seen.push(task)
      return { echoed: task.kwargs }
    })
    const row = await runEvent(name, { n: 7 })
    expect(row).toMatchObject({ status: 'success', attempt: 1, result: { echoed: { n: 7 } } })
    expect(seen).toEqual([
      {
        id: row?.id,
        attempt: 1,
        lease_until: expect.any(Number),
        full_name: name,
        sender: name,
        event_type: 'events.NormalType',
        request_id: row?.request_id,
        node_id: row?.node_id,
        parent_node_id: null,
        kwargs: { n: 7 },
      },
    ])
  })

  test('fails with what the work throws, and is tried again', async () => {
    const name = await givenHandler()
    startWorker(name, ({ attempt }) => {
      if (attempt < 3) throw new Error(`no ${attempt}\u0000`)
      return attempt
    })
    expect(await runEvent(name)).toMatchObject({ status: 'success', attempt: 3, result: 3 })
  })

  test('that throws a TaskFailure without retry fails for good', async () => {
    const name = await givenHandler()
    startWorker(name, () => {
      throw new TaskFailure('no such address', { retry: false })
    })
    expect(await runEvent(name)).toMatchObject({
      status: 'fail',
      attempt: 1,
      error_message: 'no such address',
    })
  })

  test.each<[string, unknown]>([
    ['no JSON', 1n],
    ['larger than the server takes', 'x'.repeat(2_000_000)],
    ['not storable', '\u0000'],
  ])('whose result is %s fails and is not done again', async (_name, result) => {
    const name = await givenHandler()
    startWorker(name, () => result)
    const row = await runEvent(name)
    expect(row).toMatchObject({ status: 'fail', attempt: 1 })
    expect(row?.error_message).toMatch(/^result_refused: /)
  })

  test('is kept by heartbeats for longer than its lease', async () => {
    const name = await givenHandler()
    const faults: unknown[] = []
    const work: Work = async ({ lease_until }, { signal }) => {
      await Promise.race([sleep(lease_until - Date.now() + 500), aborted(signal)])
      return signal.aborted
    }
    startWorker(name, work, { leaseMs: 3000, onFault: fault => faults.push(fault) })
    expect(await runEvent(name)).toMatchObject({ status: 'success', attempt: 1, result: false })
    expect(faults).toEqual([])
  })

  test('that is cancelled has its signal aborted, and is not tried again', async () => {
    const name = await givenHandler()
    const reasons: unknown[] = []
    startWorker(name, async (_task, { signal }) => {
      reasons.push(await aborted(signal))
      throw new Error('stopped')
    })
    const { event_logs: logs } = await client.send({ sender: name })
    const id = logs[0]?.id ?? 0
    await until(async () => (await rowOf(id))?.status === 'running')
    const condition = [{ id }]
    expect(await client.call('event-log_cancel', { query: { condition } })).toMatchObject({ stopping: 1 })
    await until(async () => (await rowOf(id))?.status === 'fail')
    expect(await rowOf(id)).toMatchObject({ attempt: 1, error_message: 'cancelled: while it was running' })
    expect(reasons).toHaveLength(1)
  })

  test('whose lease is lost has its signal aborted, and a later attempt does it', async () => {
    const name = await givenHandler()
    const reasons: unknown[] = []
    startWorker(name, async ({ attempt }, { signal }) => {
      if (attempt > 1) return 'the later one'
      gateway.cut()
      reasons.push(await aborted(signal))
      // Longer than the server needs to find it.
      await until(async () => (await rowOf(id))?.attempt === 2)
      gateway.mend(server.url)
      return 'the lost one'
    })
    const { event_logs: logs } = await client.send({ sender: name })
    const id = logs[0]?.id ?? 0
    await until(async () => (await rowOf(id))?.status === 'success')
    expect(await rowOf(id)).toMatchObject({ attempt: 2, result: 'the later one' })
    expect(reasons).toHaveLength(1)
  })
})

describe('a worker', () => {
  test('does as many tasks at the same time as it may, and no more', async () => {
    const name = await givenHandler()
    let running = 0
    let most = 0
    const gate = Promise.withResolvers<void>()
    startWorker(
      name,
      async () => {
        most = Math.max(most, ++running)
        if (running === 3) gate.resolve()
        await gate.promise
        // Long enough for a fourth to be claimed, if one were.
        await sleep(100)
        running--
      },
      { concurrency: 3 },
    )
    const events = Array.from({ length: 8 }, () => ({ sender: name }))
    const sent = await client.sendMany(events, { waitMs: 20_000 })
    expect(sent.flatMap(each => each.event_logs.map(log => log.status))).toEqual(Array(8).fill('success'))
    expect(most).toBe(3)
  })

  test('ends what runs when it is stopped, and takes no more', async () => {
    const name = await givenHandler()
    const begun = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    const work: Work = async (_task, { signal }) => {
      begun.resolve()
      await gate.promise
      return signal.aborted
    }
    // With room for another, so that it is asking for one when it is stopped.
    const worker = startWorker(name, work, { concurrency: 2 })
    const first = await client.send({ sender: name })
    await begun.promise
    let isStopped = false
    const stopped = worker.stop().then(() => {
      isStopped = true
    })
    // Longer than the claim that is under way.
    await sleep(500)
    const second = await client.send({ sender: name })
    expect(isStopped).toBe(false)
    gate.resolve()
    await stopped
    await worker.done
    expect(await rowOf(first.event_logs[0]?.id)).toMatchObject({ status: 'success', result: false })
    expect(await rowOf(second.event_logs[0]?.id)).toMatchObject({ status: 'waiting' })
  })

  test('is stopped by the signal it was given', async () => {
    const stop = new AbortController()
    const worker = startWorker(await givenHandler(), () => null, { signal: stop.signal })
    stop.abort()
    expect(await worker.done).toBeUndefined()
  })

  test('that finds no handler of its name rejects with the server’s error', async () => {
    const { done } = startWorker('test.nobody', () => null)
    await expect(done).rejects.toBeInstanceOf(DaybookError)
    await expect(done).rejects.toMatchObject({ reason: 'handler_not_found' })
  })

  test('with a time that is none rejects instead of trying for ever', async () => {
    await expect(startWorker('test.any', () => null, { pollMs: 0.5 }).done).rejects.toBeInstanceOf(RangeError)
  })

  test.each([0, -1, 1.5, Number.NaN])('with a concurrency of %d is a RangeError', concurrency => {
    expect(() => startWorker('test.any', () => null, { concurrency })).toThrow(RangeError)
  })

  test('survives a restart of its server: what it did meanwhile is completed, and it goes on', async () => {
    const name = await givenHandler()
    const faults: unknown[] = []
    const begun = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    startWorker(
      name,
      async ({ kwargs }) => {
        begun.resolve()
        await gate.promise
        return kwargs
      },
      { leaseMs: 30_000, onFault: fault => faults.push(fault) },
    )
    const { event_logs: logs } = await client.send({ sender: name, kwargs: 'over the restart' })
    await begun.promise
    gateway.cut()
    await server.close()
    gate.resolve()
    await until(() => faults.length > 0)
    server = await startOn(data)
    client = createClient({ url: server.url, token })
    gateway.mend(server.url)
    const id = logs[0]?.id
    await until(async () => (await rowOf(id))?.status === 'success')
    expect(await rowOf(id)).toMatchObject({ attempt: 1, result: 'over the restart' })
    expect(await runEvent(name, 'after it')).toMatchObject({ status: 'success', result: 'after it' })
  })
})

/**
 * The server is asked three times, each at least the shortest pause after the one before. Answers of how many faults
 * the worker has told.
 */
async function expectPauses(reply: Parameters<typeof startScriptedServer>[0]): Promise<number> {
  const times: number[] = []
  const thrice = Promise.withResolvers<void>()
  const scripted = await startScriptedServer(request => {
    if (times.push(performance.now()) === 3) thrice.resolve()
    return reply(request)
  })
  let faults = 0
  const settings = { fullNames: ['a'], onFault: () => void faults++ }
  const worker = createClient({ url: scripted.url }).worker(settings, () => null)
  try {
    await thrice.promise
    const [first = 0, second = 0, third = 0] = times
    expect(second - first).toBeGreaterThan(120)
    expect(third - second).toBeGreaterThan(240)
    return faults
  } finally {
    await worker.stop()
    await scripted.close()
  }
}

describe('a worker asks slowly of a server that', () => {
  const answer = (body: object) => ({ body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...body }) })

  test.each([
    ['is not one', { status: 502, body: 'Bad Gateway' }],
    ['is busy', answer({ error: { code: 110, message: 'busy', data: { reason: 'x', retryable: true } } })],
    ['has an internal fault', answer({ error: { code: -32603, message: 'x', data: { reason: 'x' } } })],
  ])('%s', async (_name, reply) => {
    expect(await expectPauses(() => reply)).toBeGreaterThanOrEqual(2)
  })

  test('answers at once that there is no work', async () => {
    const reply = (body: string) => answer({ id: JSON.parse(body).id, result: { tasks: [] } })
    expect(await expectPauses(({ body }) => reply(body))).toBe(0)
  })
})
