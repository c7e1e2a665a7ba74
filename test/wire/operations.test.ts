import { spawnSync } from 'node:child_process'
import { Client } from 'pg'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { secrets, startOn } from './support/app.ts'
import { createTestData } from './support/data.ts'
import { createWire, describeApps, rpc, send, type Wire } from './support/wire.ts'

const token = secrets.root
const count = { token, query: { condition: [] } }

function get(wire: Wire, path: string) {
  return send(wire.app.url, { path, method: 'GET' })
}

/** The value of each series by its name and labels. */
async function readSeries(wire: Wire): Promise<ReadonlyMap<string, number>> {
  const { body } = await get(wire, '/metrics')
  const lines = body.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(lines.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]))
}

const hasPromtool = spawnSync('promtool', ['--version']).error === undefined

describeApps('operations', wire => {
  test('every answer carries X-Request-Id, the one that was sent if it is harmless', async () => {
    const body = JSON.stringify(rpc('js-result_count', count))
    const ask = async (id?: string) => {
      const { headers } = await send(wire.app.url, {
        body,
        headers: id === undefined ? {} : { 'x-request-id': id },
      })
      return headers['x-request-id']
    }
    expect(await ask('trace-7')).toBe('trace-7')
    for (const id of [undefined, 'a b', '"x"', '<script>', 'x'.repeat(129)]) {
      expect(await ask(id)).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
    }
    for (const path of ['/livez', '/readyz', '/metrics', '/openrpc.json', '/none']) {
      expect((await get(wire, path)).headers).toHaveProperty('x-request-id')
    }
  })

  test('it is alive and ready, and logs which engine it uses', async () => {
    const opened = wire.app.log.filter(line => line.includes('opened the database'))
    expect(opened).toEqual([expect.stringMatching(/"engine":"(postgres|pglite)"/)])
    expect(await get(wire, '/livez')).toMatchObject({ status: 200, body: '{"status":"alive"}' })
    expect(await get(wire, '/readyz')).toMatchObject({ status: 200, body: '{"status":"ready"}' })
  })

  test('requests are counted by method and code, their durations too', async () => {
    const before = await readSeries(wire)
    await wire.ask([
      rpc('js-result_count', count),
      rpc('js-result_count', count),
      rpc('js-result_count', { query: count.query }),
      rpc('js-result_nope', count),
      rpc('toString', {}),
    ])
    const after = await readSeries(wire)
    const moved = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0)
    expect(moved('daybook_requests_total{method="js-result_count",code="ok"}')).toBe(2)
    expect(moved('daybook_requests_total{method="js-result_count",code="102"}')).toBe(1)
    expect(moved('daybook_requests_total{method="unknown",code="-32601"}')).toBe(2)
    expect(moved('daybook_request_duration_seconds_count{method="js-result_count"}')).toBe(3)
    expect(moved('daybook_request_duration_seconds_bucket{le="+Inf",method="js-result_count"}')).toBe(3)
  })

  test('rows are counted by what happened to them', async () => {
    const before = await readSeries(wire)
    const rows = [1, 2, 3].map(start_time => ({ js_worker_name: 'counted', start_time }))
    await wire.result('js-result_append', { rows })
    await wire.result('js-result_query', { query: { condition: [{ js_worker_name: 'counted' }] } })
    await wire.result('js-result_page', {
      query: { condition: [{ js_worker_name: 'counted' }, { limit: 2 }] },
    })
    await wire.result('js-result_delete', { query: { condition: [{ js_worker_name: 'counted' }] } })
    const after = await readSeries(wire)
    const moved = (action: string) => {
      const name = `daybook_rows_total{resource="js-result",action="${action}"}`
      return (after.get(name) ?? 0) - (before.get(name) ?? 0)
    }
    expect(['appended', 'returned', 'deleted'].map(moved)).toEqual([3, 5, 3])
  })

  test('what the handlers have still to do is told by handler', async () => {
    for (const full_name of ['metrics.busy', 'metrics.later']) {
      const handler = { full_name, sender: full_name, target: { kind: 'remote' } }
      await wire.result('event-handler_create', handler)
    }
    for (let i = 0; i < 3; i++) await wire.result('event_send', { sender: 'metrics.busy', kwargs: {} })
    await wire.result('event_send', { sender: 'metrics.later', kwargs: {}, delay_ms: 3_600_000 })
    await wire.result('event-task_claim', { full_names: ['metrics.busy'], max: 1 })
    const series = await readSeries(wire)
    const of = (handler: string) =>
      ['waiting', 'running', 'oldest_waiting_seconds'].map(name =>
        series.get(`daybook_event_${name}{handler="${handler}"}`),
      )
    expect(of('metrics.busy')).toEqual([2, 1, expect.any(Number)])
    expect(of('metrics.busy')[2]).toBeGreaterThan(0)
    // It is put off: nothing is late.
    expect(of('metrics.later')).toEqual([1, 0, 0])
    const cancelled = await wire.result('event-log_cancel', {
      query: { condition: [{ full_name_like: 'metrics.*' }] },
    })
    expect(cancelled).toMatchObject({ cancelled: 3 })
    expect((await readSeries(wire)).has('daybook_event_waiting{handler="metrics.busy"}')).toBe(true)
    expect((await readSeries(wire)).has('daybook_event_waiting{handler="metrics.later"}')).toBe(false)
  })

  test('what each table takes can be seen', async () => {
    const series = await readSeries(wire)
    expect(series.get('daybook_table_bytes{table="token"}')).toBeGreaterThan(0)
    expect(series.get('daybook_table_index_bytes{table="token"}')).toBeGreaterThan(0)
    expect(series.get('daybook_table_rows{table="token"}')).toBeGreaterThanOrEqual(0)
  })

  test.skipIf(!hasPromtool)('promtool finds nothing to say about the metrics', async () => {
    const { body } = await get(wire, '/metrics')
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: body,
      encoding: 'utf8',
    })
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  test('lookups into the caches and the connections of the pool can be seen', async () => {
    const name = (cache: string, outcome: string) =>
      `daybook_cache_lookups_total{cache="${cache}",outcome="${outcome}"}`
    const created = await wire.token([{ scopes: ['global'], permissions: [{ js_result: { read: '*' } }] }])
    const query = { condition: [{ js_worker_id: 1 }, { run_type: 'never asked before' }] }
    const lookups = async () => {
      const before = await readSeries(wire)
      await wire.result('js-result_count', { query }, created)
      const after = await readSeries(wire)
      const growth = (cache: string, outcome: string) =>
        (after.get(name(cache, outcome)) ?? 0) - (before.get(name(cache, outcome)) ?? 0)
      return ['credential', 'statement'].map(cache => [growth(cache, 'hit'), growth(cache, 'miss')])
    }
    expect(await lookups()).toEqual([
      [0, 1],
      [0, 1],
    ])
    // The notification of the new token may come only now, and empties the cache once more.
    await expect.poll(lookups).toEqual([
      [1, 0],
      [1, 0],
    ])
    const second = await readSeries(wire)
    for (const state of ['busy', 'idle', 'waiting']) {
      expect(second.get(`daybook_database_connections{state="${state}"}`)).toBeGreaterThanOrEqual(0)
    }
    expect(second.has('process_cpu_seconds_total')).toBe(true)
  })
})

describe('a server that is not ready', () => {
  const startOnPostgres = async () => {
    const data = await createTestData('postgres')
    const app = await startOn(data)
    const postgres = new Client({ connectionString: inject('postgresUrl') })
    await postgres.connect()
    onTestFinished(async () => {
      await postgres.end()
      await app.close()
      await data.remove()
    })
    return { wire: createWire(() => app), postgres, url: data.postgresUrl ?? '' }
  }

  const readiness = async (wire: Wire) => {
    const { status, body } = await get(wire, '/readyz')
    return [status, JSON.parse(body)]
  }

  test('says that a migration is missing', async () => {
    const { wire, url } = await startOnPostgres()
    const own = new Client({ connectionString: url })
    await own.connect()
    await own.query('delete from migration')
    await own.end()
    expect(await readiness(wire)).toEqual([503, { status: 'not_ready', reason: 'migrations_pending' }])
  })

  test('says that the database is not there, lives on, and is ready when it is back', async () => {
    const { wire, postgres, url } = await startOnPostgres()
    const name = new URL(url).pathname.slice(1)
    await postgres.query(`alter database ${name} allow_connections false`)
    await postgres.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
    expect(await readiness(wire)).toEqual([503, { status: 'not_ready', reason: 'database_unreachable' }])
    expect(await get(wire, '/livez')).toMatchObject({ status: 200 })
    const answer = await wire.ask(rpc('js-result_count', count))
    expect(answer).toMatchObject({ error: { code: 103 } })

    await postgres.query(`alter database ${name} allow_connections true`)
    await expect.poll(() => readiness(wire)).toEqual([200, { status: 'ready' }])
    await expect.poll(() => wire.ask(rpc('js-result_count', count))).toMatchObject({ result: { count: 0 } })
  })
})
