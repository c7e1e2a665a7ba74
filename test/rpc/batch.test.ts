import { expect, test } from 'vitest'
import { testMethod } from '../http/test-methods.ts'
import { ask, type TestOptions } from '../http/test-server.ts'

type Answer = { id: unknown; result?: unknown; error?: { code: number; data: Record<string, unknown> } }

function askBatch(batch: unknown, options?: TestOptions): Promise<Answer[]> {
  return ask(batch, options) as Promise<Answer[]>
}

function calls(count: number, method = 'get_data', params?: unknown): object[] {
  return Array.from({ length: count }, (_, id) => ({ jsonrpc: '2.0', method, params, id }))
}

test('answers come in the order of the requests, whichever ends first', async () => {
  const slow = testMethod('slow', async ({ params }) => {
    const { a } = params as { a: number }
    await new Promise(resolve => setTimeout(resolve, a))
    return a
  })
  const batch = [20, 10, 0].map((a, id) => ({ jsonrpc: '2.0', method: 'slow', params: [a], id }))
  const answers = await askBatch(batch, { methods: [slow] })
  expect(answers.map(({ result }) => result)).toEqual([20, 10, 0])
})

test('nested arrays are invalid requests, each answered', async () => {
  expect(await ask('[[]]')).toMatchObject([{ error: { code: -32600 }, id: null }])
  expect(await ask([[1], ...calls(1), [...calls(1)]])).toMatchObject([
    { error: { code: -32600 }, id: null },
    { result: ['hello', 5], id: 0 },
    { error: { code: -32600 }, id: null },
  ])
})

test('a batch of the limit runs, a larger one is refused whole', async () => {
  expect(await ask(calls(100))).toHaveLength(100)
  expect(await ask(calls(101))).toMatchObject({
    error: { code: 110, data: { reason: 'batch_too_large' } },
    id: null,
  })
})

test('duplicate ids are answered each', async () => {
  const [one] = calls(1)
  expect(await ask([one, one])).toMatchObject([{ id: 0 }, { id: 0 }])
})

test('at most so many entries run at once as configured', async () => {
  let running = 0
  let most = 0
  const count = testMethod('count', async () => {
    most = Math.max(most, ++running)
    await new Promise(resolve => setTimeout(resolve, 2))
    running -= 1
  })
  await ask(calls(40, 'count'), { methods: [count] })
  expect(most).toBe(8)
})

test('an answer that no longer fits is refused, and what follows is not started', async () => {
  let started = 0
  const heavy = testMethod('heavy', async () => {
    started += 1
    return 'x'.repeat(600)
  })
  const env = { DAYBOOK_MAX_BATCH_ANSWER_BYTES: '4000', DAYBOOK_BATCH_CONCURRENCY: '1' }
  const answers = await askBatch(calls(12, 'heavy'), { methods: [heavy], env })
  const refused = answers.filter(({ error }) => error?.data.reason === 'answer_too_large')
  expect(answers.map(({ id }) => id)).toEqual([...Array(12).keys()])
  expect(started).toBeLessThan(12)
  expect(refused.map(({ error }) => error?.data.started)).toEqual([
    true,
    ...Array(refused.length - 1).fill(false),
  ])
  expect(answers.length - refused.length).toBe(started - 1)
  expect(JSON.stringify(answers).length).toBeLessThanOrEqual(4000)
})

test('notifications still run when no answer fits', async () => {
  let notified = 0
  const notify = testMethod('notify', async () => {
    notified += 1
  })
  const env = { DAYBOOK_MAX_BATCH_ANSWER_BYTES: '1024', DAYBOOK_BATCH_CONCURRENCY: '1' }
  const batch = [...calls(1, 'big', [5000]), { jsonrpc: '2.0', method: 'notify' }]
  expect(await ask(batch, { methods: [notify], env })).toMatchObject([{ error: { code: 110 } }])
  expect(notified).toBe(1)
})

test('an answer of exactly the limit fits', async () => {
  const batch = [{ jsonrpc: '2.0', method: 'big', params: [2000], id: 1 }]
  const bytes = JSON.stringify(await ask(batch)).length
  const exact = { DAYBOOK_MAX_BATCH_ANSWER_BYTES: String(bytes) }
  const short = { DAYBOOK_MAX_BATCH_ANSWER_BYTES: String(bytes - 1) }
  expect(await ask(batch, { env: exact })).toMatchObject([{ id: 1, result: expect.anything() }])
  expect(await ask(batch, { env: short })).toMatchObject([{ id: 1, error: { code: 110 } }])
})

test('one failing entry does not touch the others', async () => {
  const batch = [...calls(1, 'throws'), ...calls(1), ...calls(1, 'rejects_with_code')]
  const answers = await askBatch(batch)
  expect(answers.map(({ error }) => error?.code)).toEqual([-32603, undefined, -32603])
})
