import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { Client as Postgres } from 'pg'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { type Client, createClient, DaybookError } from '../../src/client/client.ts'
import { serveForFile } from './attacked-server.ts'
import { requestText } from './http-exchange.ts'
import { type Felt, feltBeside, report } from './other-client.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const rows = 120_000
const server = serveForFile()
let attacker: Client
let attackerToken: string
let other: Client

beforeAll(async () => {
  const postgres = new Postgres({ connectionString: server().databaseUrl })
  await postgres.connect()
  await postgres.query(
    `insert into js_result (id, js_worker_id, js_worker_name, run_type, start_time, finish_time, param, result, error_message)
     overriding system value
     select g, 1, case g % 10 when 0 then 'other_' else 'fam_' end || g % 50, 'call',
       now() - g * interval '1 second', now() - g * interval '1 second' + interval '10 ms',
       jsonb_build_object('n', g, 'text', repeat(md5(g::text), 8)), '{}',
       case when g % 3 = 0 then repeat(md5(g::text), 12) end
     from generate_series(1, ${rows}) g;
     select setval(pg_get_serial_sequence('js_result', 'id'), ${rows}); analyze js_result`,
  )
  await postgres.end()
  attackerToken = await tokenFor('fam_*')
  attacker = clientOf(attackerToken)
  other = clientOf(await tokenFor('other_*'))
})

const clientOf = (token: string): Client => createClient({ url: server().url, token, timeoutMs: 60_000 })

async function tokenFor(pattern: string): Promise<string> {
  const { client } = server()
  const { key, secret } = await client.call('token_create', {
    token_creation: {
      token_limit: [{ scopes: [{ js_worker: pattern }], permissions: [{ js_result: { read: pattern } }] }],
    },
  })
  return `${key}:${secret}`
}

const askOne = () => other.query('js-result', [{ js_worker_name: 'other_0' }, { limit: 1 }])

/** What another reader feels while one asks for so many at once, and again for each that ends, for some seconds. */
async function feltWhile(ask: () => Promise<unknown>, atOnce = 40, ms = 5000): Promise<Felt> {
  const until = performance.now() + ms
  const keepAsking = async (): Promise<void> => {
    while (performance.now() < until) {
      await ask().catch(error => {
        if (!(error instanceof DaybookError)) throw error
      })
    }
  }
  return feltBeside({ ask: askOne }, () => Promise.all(Array.from({ length: atOnce }, keepAsking)))
}

describe('one token that asks for much', () => {
  test.each<[string, () => Promise<unknown>]>([
    [
      'text searches',
      () => attacker.query('js-result', [{ error_message_contains: 'nowhere to be found' }, { limit: 10 }]),
    ],
    [
      'exact counts',
      () =>
        attacker.call('js-result_page', {
          query: { condition: [{ error_message_contains: 'e' }, { limit: 1 }] },
          count: 'exact',
        }),
    ],
    [
      'facets of everything but what a search finds',
      () =>
        attacker.facet('js-result', [{ not: { error_message_contains: 'nowhere to be found' } }], {
          field: 'run_type',
        }),
    ],
    [
      'scans for a duration',
      () => attacker.query('js-result', [{ duration_from: 3_600_000 }, { limit: 10 }]),
    ],
  ])('does not keep another from its rows: 40 %s at once', async (name, ask) => {
    const felt = await feltWhile(ask)
    report(`40 ${name}`, felt)
    expect(felt).toMatchObject({ refused: 0 })
    expect(felt.answered).toBeGreaterThan(5)
    expect(felt.median).toBeLessThan(250)
  })

  test('does not keep another from its rows: 40 answers of 10,000 rows at once', async () => {
    const body = requestText('js-result_query', { query: { condition: [{ limit: 10_000 }] } })
    const workerData = { url: server().url, token: attackerToken, body, atOnce: 40 }
    const drain = new Worker(new URL('drain-thread.ts', import.meta.url), { workerData })
    const ended = once(drain, 'exit')
    await sleep(500)
    const felt = await feltBeside({ ask: askOne }, () => sleep(5000))
    drain.postMessage('over')
    await ended
    report('40 answers of 10,000 rows', felt)
    expect(felt).toMatchObject({ refused: 0 })
    expect(felt.answered).toBeGreaterThan(10)
    expect(felt.median).toBeLessThan(250)
  })
})
