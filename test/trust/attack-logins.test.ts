import { expect, test } from 'vitest'
import { createClient, DaybookError } from '../../src/client/client.ts'
import { expectUnharmed, serveForFile } from './attacked-server.ts'

const server = serveForFile()
const maxMemory = 600

test('a flood of wrong passwords is refused, most of it unread, and others are served', {
  timeout: 120_000,
}, async () => {
  const guesses = Array.from({ length: 300 }, (_, i) => ({
    user: i % 2 === 0 ? 'root' : `user_${i}`,
    password: `wrong_${i}`,
  }))
  const outcomes = await expectUnharmed(server(), maxMemory, () =>
    Promise.all(guesses.map(({ user, password }) => guess(`${user}|${password}`))),
  )
  const wrong = outcomes.filter(({ code }) => code === 102)
  const unread = outcomes.filter(({ code, reason }) => code === 110 && reason === 'too_many_logins')
  expect(wrong.length + unread.length).toBe(guesses.length)
  expect(wrong.length).toBeGreaterThan(0)
  expect(unread.length).toBeGreaterThan(wrong.length)
  for (const { retryable, data } of unread) expect([retryable, data.retry_after_ms]).toEqual([true, 1000])
})

/** How a query with this credential is refused. */
async function guess(token: string): Promise<DaybookError> {
  const client = createClient({ url: server().url, token, timeoutMs: 60_000 })
  const refusal = await client.query('js-result', ['last']).catch((error: unknown) => error)
  if (refusal instanceof DaybookError) return refusal
  throw new Error(`expected a refusal, got ${String(refusal)}`)
}
