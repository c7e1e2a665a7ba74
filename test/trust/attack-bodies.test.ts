import { Client as PgClient } from 'pg'
import { expect, test, vi } from 'vitest'
import { expectUnharmed, serveForFile } from './attacked-server.ts'
import { superToken } from './daybook-process.ts'
import { post, postAll, requestText } from './http-exchange.ts'

vi.setConfig({ testTimeout: 120_000 })

const mebibyte = 1024 * 1024
/** MiB that the server may hold at most. */
const maxMemory = 600

const server = serveForFile({ DAYBOOK_POOL_MAX: '1' })

const key = '{"a":'
const deepBodies = [
  ['[', '['.repeat(mebibyte), { code: -32700, data: { reason: 'invalid_json' } }],
  ['[…]', deepArray(mebibyte / 2), { code: -32600 }],
  ['{"a":', key.repeat(Math.floor(mebibyte / key.length)), { code: -32700 }],
  ['{"a":…}', deepObject('1'), { code: -32600 }],
  ['{"a":1e400}', deepObject('1e400'), { code: -32600 }],
  [
    'params of [',
    requestText('js-result_query', 0).replace(':0,', `:${deepArray(mebibyte / 2 - 100)},`),
    // By position the first parameter is the credential.
    { code: -32602 },
  ],
  [
    'params of [ without a credential',
    requestText('js-result_query', { query: 0 }).replace(':0}', `:${deepArray(mebibyte / 2 - 100)}}`),
    { code: 102 },
  ],
  [
    'params of [ with a credential',
    requestText('js-result_query', { token: superToken, query: 0 }).replace(
      ':0}',
      `:${deepArray(mebibyte / 2 - 200)}}`,
    ),
    { code: 110, data: { reason: 'too_deep' } },
  ],
] as const

function deepObject(core: string): string {
  const depth = Math.floor((mebibyte - core.length) / (key.length + 1))
  return key.repeat(depth) + core + '}'.repeat(depth)
}

function deepArray(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth)
}

test.for(deepBodies)('a mebibyte of %s is refused', async ([, body, error]) => {
  const answers = await expectUnharmed(server(), maxMemory, () =>
    postAll(
      server().url,
      Array.from({ length: 5 }, () => body),
      5,
    ),
  )
  for (const answer of answers) {
    expect(answer.status).toBe(200)
    const [first] = [JSON.parse(answer.body)].flat()
    expect(first).toMatchObject({ error })
  }
})

test('60,000 tiny conditions are refused, nested ones too', async () => {
  const condition = Array.from({ length: 60_000 }, () => 'is_failure')
  const bodies = [condition, [{ or: condition }], [{ not: { and: condition } }]].map(each =>
    requestText('js-result_query', { token: superToken, query: { condition: each } }),
  )
  const answers = await expectUnharmed(server(), maxMemory, () => postAll(server().url, bodies, 3))
  for (const { body } of answers) {
    expect(JSON.parse(body)).toMatchObject({ error: { code: 110, data: { reason: 'too_many_conditions' } } })
  }
})

test('an id of a mebibyte is echoed', async () => {
  const id = 'i'.repeat(mebibyte - 100)
  const text = requestText('nodeget-server_hello', {}, id)
  const answers = await expectUnharmed(server(), maxMemory, () =>
    postAll(
      server().url,
      Array.from({ length: 20 }, () => text),
      10,
    ),
  )
  for (const { body } of answers)
    expect(body).toBe(`{"jsonrpc":"2.0","result":"NodeGet Server Is Running!","id":"${id}"}`)
})

test('a key of a mebibyte is refused', async () => {
  const name = 'k'.repeat(mebibyte - 1000)
  const params = [
    { [name]: 1 },
    { query: { [name]: 1, condition: [] } },
    { query: { condition: [{ [name]: 1 }] } },
    { query: { condition: [name] } },
  ]
  const texts = params.map(each => requestText('js-result_query', { token: superToken, ...each }))
  const answers = await expectUnharmed(server(), maxMemory, () => postAll(server().url, texts, 4))
  for (const { body } of answers) expect(JSON.parse(body)).toMatchObject({ error: { code: -32602 } })
})

test('20,000 unknown methods make no new metrics', async () => {
  const series = async (): Promise<readonly string[]> => {
    const text = await (await fetch(`${server().url}/metrics`)).text()
    return text.match(/^daybook_request[^ ]*/gm) ?? []
  }
  await post(server().url, requestText('unknown_method', {}))
  const before = await series()
  const batches = Array.from(
    { length: 200 },
    (_, batch) =>
      `[${Array.from({ length: 100 }, (_, i) => requestText(`method_${batch}_${i}`, {}, i)).join()}]`,
  )
  const answers = await expectUnharmed(server(), maxMemory, () => postAll(server().url, batches, 8))
  for (const { body } of answers) expect(body.match(/-32601/g)).toHaveLength(100)
  // The bystanders' queries may be new.
  expect(
    (await series()).filter(name => !before.includes(name) && !name.includes('js-result_query')),
  ).toEqual([])
})

test('1,500 forms of conditions, each used twice, leave a bounded number of prepared statements', async () => {
  const { client, databaseUrl } = server()
  const other = new PgClient({ connectionString: databaseUrl })
  await other.connect()
  try {
    // On the connection of the statement that fires it, which is the only one.
    await other.query(`
      create table prepared (statements bigint);
      create function count_prepared() returns trigger language plpgsql as $$
        begin insert into prepared select count(*) from pg_prepared_statements; return null; end $$;
      create trigger count_prepared after insert on js_result execute function count_prepared()`)
    await expectUnharmed(server(), maxMemory, async () => {
      const forms = Array.from({ length: 1500 }, (_, i) => formOf(i)).entries()
      const use = async (): Promise<void> => {
        for (const [i, form] of forms) {
          await client.query('js-result', form)
          await client.query('js-result', form)
          if (i % 10 === 0) await client.append('js-result', [{ js_worker_name: 'counted' }])
        }
      }
      await Promise.all([use(), use(), use(), use()])
    })
    const { rows } = await other.query('select max(statements)::int as most from prepared')
    // What is named at its second use is prepared, until there are a thousand.
    expect(rows[0].most).toBeGreaterThan(100)
    expect(rows[0].most).toBeLessThan(1100)
  } finally {
    await other.end()
  }
})

const parts = [
  { id: 1 },
  { js_worker_id: 1 },
  { js_worker_name: 'a' },
  { run_type: 'call' },
  { start_time_from: 1 },
  { start_time_to: 1 },
  { finish_time_from: 1 },
  { finish_time_to: 1 },
  'is_success',
  { duration_from: 1 },
  { error_message_contains: 'x' },
] as const

/** Another form for each of 2,048 numbers: bit by bit, which conditions it has. */
function formOf(number: number) {
  return parts.filter((_, bit) => (number & (1 << bit)) !== 0)
}
