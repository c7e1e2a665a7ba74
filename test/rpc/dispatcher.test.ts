import { expect, test } from 'vitest'
import { createDispatcher } from '../../src/rpc/dispatcher.ts'
import { testAuthenticate, testMethod } from '../http/test-methods.ts'
import { createTestDoor, testContext } from '../http/test-server.ts'

async function answerOf(method: string): Promise<{ answer: string; log: string[] }> {
  const { door, log } = createTestDoor()
  const answer = await door.answer(`{"jsonrpc":"2.0","method":"${method}","id":1}`, testContext)
  return { answer: String(answer), log }
}

const internalError =
  '{"jsonrpc":"2.0","error":{"code":-32603,"message":"Internal error","data":{"reason":"internal_error","correlation_id":"test"}},"id":1}'

test.for(['throws', 'rejects_with_code', 'rejects_with_nothing', 'bigint'])(
  'a handler that fails unexpectedly (%s) shows nothing of it, and the log holds it',
  async method => {
    const { answer, log } = await answerOf(method)
    expect(answer).toBe(internalError)
    expect(log).toHaveLength(1)
    expect(JSON.parse(log[0] ?? '')).toMatchObject({ correlationId: 'test', method })
  },
)

test('the log of an unexpected error holds its text', async () => {
  const { log } = await answerOf('throws')
  expect(log.join()).toContain('select secret from vault')
})

test('an error with data that cannot be written is answered as our fault', async () => {
  expect((await answerOf('refuses_unwritably')).answer).toBe(internalError)
})

test('an undefined result is null', async () => {
  expect((await answerOf('undefined')).answer).toBe('{"jsonrpc":"2.0","result":null,"id":1}')
})

test('what a client did wrong is in its answer and not in the log', async () => {
  const { answer, log } = await answerOf('refuses')
  expect(JSON.parse(answer ?? '')).toMatchObject({
    error: { code: 105, data: { reason: 'record_not_found', path: 'thing' } },
  })
  expect(log).toEqual([])
})

test('the cause of a database error is in the log only', async () => {
  const { answer, log } = await answerOf('database_fault')
  expect(JSON.parse(answer ?? '')).toMatchObject({ error: { code: 103 } })
  expect(answer).not.toContain('vault')
  expect(log.join()).toContain('vault')
})

test('two methods of one name are refused', () => {
  const { metrics } = createTestDoor()
  const methods = [testMethod('same', async () => 1), testMethod('same', async () => 2)]
  const logger = { error: () => undefined } as never
  expect(() => createDispatcher({ methods, authenticate: testAuthenticate, logger, metrics })).toThrow(
    TypeError,
  )
})
