import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startOn, type TestApp } from './support/app.ts'
import { createTestData, type TestData } from './support/data.ts'
import { createWire, failure, jsLimit } from './support/wire.ts'

const count = { query: { condition: [] } }
const denied = failure(102, 'permission_denied')
const within = { timeout: 1500, interval: 10 }

describe('two servers on one PostgreSQL', () => {
  let data: TestData
  let apps: readonly TestApp[] = []
  let postgres: Client
  const [one, other] = [0, 1].map(i =>
    createWire(() => {
      const app = apps[i]
      if (app === undefined) throw new TypeError('the server has not started yet')
      return app
    }),
  ) as [ReturnType<typeof createWire>, ReturnType<typeof createWire>]

  beforeAll(async () => {
    data = await createTestData('postgres')
    apps = await Promise.all([startOn(data), startOn(data)])
    postgres = new Client({ connectionString: data.postgresUrl })
    await postgres.connect()
  })

  afterAll(async () => {
    await postgres.end()
    await Promise.all(apps.map(app => app.close()))
    await data.remove()
  })

  /** What can be done to a token on one server, and what becomes of its calls on the other. */
  const changes = [
    ['deleted', 'token_delete', {}],
    ['edited to may nothing', 'token_edit', { limit: [] }],
    ['rolled', 'token_roll_token_secret', {}],
  ] as const

  /** A token, and a JWT of it, that the other server has checked and remembers. */
  const rememberedToken = async () => {
    const token = await one.token([jsLimit('*', { read: '*' })])
    const { jwt } = await one.result<{ jwt: string }>('token_issue', { ttl_ms: 60_000 }, token)
    for (const credential of [token, jwt]) {
      expect(await other.result('js-result_count', count, credential)).toEqual({ count: 0 })
    }
    return { token, jwt }
  }

  const expectDeadSoon = async ({ token, jwt }: { token: string; jwt: string }) => {
    await expect.poll(() => other.call('js-result_count', count, token), within).toEqual(denied)
    await expect.poll(() => other.call('js-result_count', count, jwt), within).toEqual(denied)
  }

  test.each(changes)(
    'a token that is %s on one is dead on the other within a second',
    async (_what, method, rest) => {
      const remembered = await rememberedToken()
      await one.result(method, { target_token: remembered.token.slice(0, 16), ...rest })
      expect(await one.call('js-result_count', count, remembered.token)).toEqual(denied)
      await expectDeadSoon(remembered)
    },
  )

  test('a token that is given more on one has it on the other', async () => {
    const token = await one.token()
    expect(await other.call('js-result_count', count, token)).toEqual(denied)
    const limit = [jsLimit('*', { read: '*' })]
    await one.result('token_edit', { target_token: token.slice(0, 16), limit })
    const answer = { jsonrpc: '2.0', result: { count: 0 }, id: 1 }
    await expect.poll(() => other.call('js-result_count', count, token), within).toEqual(answer)
  })

  test.each(changes)(
    'also while the connections that listen are being cut: %s',
    async (_what, method, rest) => {
      const remembered = await rememberedToken()
      // The ones that the test before has cut may not be back yet.
      await expect.poll(cutListeners).toBeGreaterThan(0)
      await one.result(method, { target_token: remembered.token.slice(0, 16), ...rest })
      await expectDeadSoon(remembered)
    },
  )

  test('also a token that somebody deletes by hand', async () => {
    const remembered = await rememberedToken()
    await postgres.query('delete from token where token_key = $1', [remembered.token.slice(0, 16)])
    await expectDeadSoon(remembered)
  })

  describe('whose database notifies nobody', () => {
    beforeAll(async () => {
      await postgres.query(`create or replace function token_changed() returns trigger language plpgsql as $$
        begin
          update token_version set version = version + 1;
          return null;
        end $$`)
    })

    test.each(changes)(
      'a token that is %s on one is dead on the other within a second',
      async (_what, method, rest) => {
        const remembered = await rememberedToken()
        await one.result(method, { target_token: remembered.token.slice(0, 16), ...rest })
        await expectDeadSoon(remembered)
      },
    )
  })

  /** Resolves to how many there were. */
  const cutListeners = async () => {
    const { rowCount } = await postgres.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and query ilike 'listen %'`,
    )
    return rowCount ?? 0
  }
})
