import { beforeAll, expect, test } from 'vitest'
import { createClient, DaybookError } from '../../src/client/client.ts'
import { expectUnharmed, serveForFile } from './attacked-server.ts'
import { superToken } from './daybook-process.ts'
import { clientAt, flood } from './flood.ts'
import { requestText } from './http-exchange.ts'
import { feltBeside, report } from './other-client.ts'

const server = serveForFile()
const maxMemory = 600
const people = Array.from({ length: 14 }, (_, i) => `alice_${i}`)
/** Those whose passwords nobody was asked for yet: a first login is checked, a second one is remembered. */
const fresh = people.values()

beforeAll(async () => {
  await Promise.all(
    people.map(username => {
      const token_limit = [{ scopes: ['global'], permissions: [{ js_result: { read: '*' } }] }]
      const token_creation = { username, password: `right ${username}`, token_limit }
      return post('127.0.0.1', 'token_create', { token: superToken, token_creation })
    }),
  )
}, 60_000)

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
  const unread = outcomes.filter(({ code }) => code === 110)
  expect(wrong.length + unread.length).toBe(guesses.length)
  expect(wrong.length).toBeGreaterThan(0)
  expect(unread.length).toBeGreaterThan(wrong.length)
  for (const { reason, retryable, data } of unread) {
    expect(['too_many_logins', 'login_delayed']).toContain(reason)
    expect(retryable).toBe(true)
    expect(data.retry_after_ms).toBeGreaterThan(0)
  }
  const metrics = await (await fetch(new URL('/metrics', server().url))).text()
  const counted = /^daybook_refused_credentials_total\{kind="password",reason="permission_denied"\} (\d+)$/m
  expect(Number(counted.exec(metrics)?.[1])).toBe(wrong.length)
  expect(metrics).not.toContain('user_1')
})

test.for([
  {
    where: 'elsewhere, for other names and for theirs',
    from: '127.0.0.3',
    nameOf: (i: number) => (i % 2 ? `user_${i}` : people[i % people.length]),
  },
  {
    where: 'at their own address, for a few other names',
    from: '127.0.0.2',
    nameOf: (i: number) => `user_${i % 4}`,
  },
])(
  '60 wrong logins in flight $where leave the first right one of others under a second',
  {
    timeout: 120_000,
  },
  async ({ where, from, nameOf }) => {
    const guessing = clientAt(from, server().url)
    const began = performance.now()
    await logInNext()
    const alone = performance.now() - began
    let asked = 0
    const enough = Promise.withResolvers<void>()
    const felt = await feltBeside(
      {
        pauseMs: 300,
        ask: async () => {
          try {
            await logInNext()
          } finally {
            if (++asked === 5) enough.resolve()
          }
        },
      },
      () => {
        const guesses = flood({
          atOnce: 60,
          pauseMs: 250,
          ask: i => guessing(loginText(nameOf(i) ?? '', `wrong ${i}`)),
          isOver: () => asked >= 5,
        })
        // What still waits to be refused need not be waited for.
        return Promise.race([guesses, enough.promise])
      },
    )
    report(`60 wrong logins ${where} (alone ${Math.round(alone)} ms)`, felt)
    expect(felt.refusals).toEqual([])
    // What a check takes depends on what else the machine does.
    expect(felt.median).toBeLessThan(Math.max(1000, 6 * alone))
  },
)

/** The first login of one of the people. */
async function logInNext(): Promise<void> {
  const username = fresh.next().value
  if (username === undefined) throw new Error('there are too few people')
  await post('127.0.0.2', 'js-result_query', {
    token: `${username}|right ${username}`,
    query: { condition: ['last'] },
  })
}

async function post(from: string, method: string, params: object): Promise<void> {
  const { body } = await clientAt(from, server().url)(requestText(method, params))
  const { error } = JSON.parse(body)
  if (error !== undefined) throw new Error(JSON.stringify(error))
}

function loginText(username: string, password: string): string {
  return requestText('js-result_query', { token: `${username}|${password}`, query: { condition: ['last'] } })
}

/** How a query with this credential is refused. */
async function guess(token: string): Promise<DaybookError> {
  const client = createClient({ url: server().url, token, timeoutMs: 60_000 })
  const refusal = await client.query('js-result', ['last']).catch((error: unknown) => error)
  if (refusal instanceof DaybookError) return refusal
  throw new Error(`expected a refusal, got ${String(refusal)}`)
}
