import { Client } from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { secrets, startOn } from './support/app.ts'
import { createTestData } from './support/data.ts'
import { createWire, describeApps, failure, rpc, send } from './support/wire.ts'

const token = secrets.root
const query = { condition: ['is_failure', { js_worker_name: 'demo_worker' }] }

/** A call of each statement there is on the records of js-result. */
const calls = [
  ['js-result_query', { query }],
  ['js-result_query', { query: { condition: [{ js_worker_name_like: 'demo_*' }] } }],
  ['js-result_page', { query, count: 'exact' }],
  ['js-result_page', { query, count: 'estimate' }],
  ['js-result_count', { query }],
  ['js-result_facet', { query, field: 'state', prefix: 'f' }],
  ['js-result_stats', { query, group_by: ['run_type'], bucket: { ms: 'auto' } }],
  ['js-result_delete', { query }],
  ['js-result_delete', { query, dry_run: true }],
  ['js-result_append', { rows: [{ js_worker_name: 'demo_worker', param: 'private' }] }],
  ['js-result_finish', { id: 1, result: 'private' }],
] as const

/** What an engine or a program says when it fails, and no client should read. */
const internals =
  /relation|does not exist|column|select |insert |delete from|js_result|pg_|pglite|node_modules|\.ts\b|stack|\$1/i

const databaseError = {
  code: 103,
  message: 'Database error',
  data: { reason: 'database_error', retryable: false },
}

describeApps(
  'a table that is gone',
  wire => {
    test.each(calls)('%s %j is a database error that tells nothing of the engine', async (method, params) => {
      const body = JSON.stringify(rpc(method, { token, ...params }))
      const answer = await send(wire.app.url, { body, headers: { 'x-request-id': 'gone-1' } })
      expect(answer.status).toBe(200)
      expect(JSON.parse(answer.body)).toEqual({ jsonrpc: '2.0', error: databaseError, id: 1 })
      expect(answer.body).not.toMatch(internals)
      // At this level the last line says that the request was answered; the fault stands before it.
      const lines = wire.app.log.map(line => JSON.parse(line))
      const [logged, answered] = lines.filter(line => line.correlationId === 'gone-1').slice(-2)
      expect(answered).toMatchObject({ msg: 'answered', method, correlationId: 'gone-1', code: 103 })
      expect(logged).toMatchObject({ method, correlationId: 'gone-1', reason: 'database_error' })
      // The log is where the cause is found.
      expect(JSON.stringify(logged)).toMatch(/relation \\"js_result(?:_id_seq)?\\" does not exist/)
    })

    test('does not touch what does not need it', async () => {
      const [gone, ...rest] = (await wire.ask([
        rpc('js-result_count', { token, query }),
        rpc('event-log_count', { token, query: { condition: [] } }),
        rpc('nodeget-server_hello'),
        rpc('token_get', { token }),
      ])) as object[]
      expect(gone).toEqual(failure(103, 'database_error'))
      for (const answer of rest) expect(answer).toHaveProperty('result')
    })
  },
  { prepare: 'drop table js_result cascade' },
)

describe('a database that changes under a running server', () => {
  const noValues = { values: [], truncated: false }

  const start = async (env?: Readonly<Record<string, string>>) => {
    const data = await createTestData('postgres')
    const app = await startOn(data, env)
    const postgres = new Client({ connectionString: data.postgresUrl })
    await postgres.connect()
    onTestFinished(async () => {
      await postgres.end()
      await app.close()
      await data.remove()
    })
    return { app, wire: createWire(() => app), postgres }
  }

  test('takes no requests while nothing can be written, and says why', async () => {
    const { app, postgres } = await start()
    const ready = async (): Promise<unknown[]> => {
      const answer = await fetch(`${app.url}/readyz`)
      const { reason } = (await answer.json()) as { reason?: string }
      return [answer.status, reason]
    }
    // As after a failover: what was connected has to connect anew.
    const turn = async (isReadOnly: boolean): Promise<void> => {
      const set = `set default_transaction_read_only = ${isReadOnly}`
      await postgres.query(
        `do $$ begin execute format('alter database %I ${set}', current_database()); end $$`,
      )
      await postgres.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      )
    }
    expect(await ready()).toEqual([200, undefined])
    await turn(true)
    await expect.poll(ready, { timeout: 10_000 }).toEqual([503, 'database_read_only'])
    await turn(false)
    await expect.poll(ready, { timeout: 10_000 }).toEqual([200, undefined])
  })

  test('answers every prepared statement with a database error, and as before once the table is back', async () => {
    const { wire, postgres } = await start()
    const askAll = () => wire.ask(calls.map(([method, params]) => rpc(method, { token, ...params })))
    const before = await askAll()
    expect(JSON.stringify(before)).not.toContain('"error"')
    await postgres.query('alter table js_result rename to hidden')
    const gone = await askAll()
    expect(gone).toEqual(calls.map(() => failure(103, 'database_error')))
    expect(JSON.stringify(gone)).not.toMatch(internals)
    await postgres.query('alter table hidden rename to js_result')
    expect(JSON.stringify(await askAll())).not.toContain('"error"')
  })

  test('ends what counts for too long, and serves others meanwhile', async () => {
    const { wire, postgres } = await start({ DAYBOOK_STATEMENT_TIMEOUT_MS: '1000' })
    await postgres.query('begin; lock table js_result in access exclusive mode')
    const hostile = { query: { condition: [{ not: { error_message_contains: 'x' } }] } }
    const late = [
      rpc('js-result_facet', { token, ...hostile, field: 'run_type' }),
      rpc('js-result_stats', { token, ...hostile, group_by: ['state'] }),
      rpc('js-result_get', { token, id: 1 }),
    ]
    const answers = Promise.all(late.map(each => wire.ask(each)))
    expect(await wire.result('event-log_facet', { ...hostile, field: 'sender' })).toEqual(noValues)
    expect(await answers).toEqual(late.map(() => failure(103, 'statement_timeout')))
    await postgres.query('rollback')
    expect(await wire.result('js-result_facet', { ...hostile, field: 'run_type' })).toEqual(noValues)
  })

  test('checks no credential without its table, and lets nobody in', async () => {
    const { app, wire, postgres } = await start()
    const known = await wire.token([{ scopes: ['global'], permissions: [{ js_result: { read: '*' } }] }])
    await postgres.query('drop table token, token_version cascade')
    for (const credential of ['nobody0123456789:x', 'root|password', known, token]) {
      const asking = () => wire.call('js-result_count', { query: { condition: [] } }, credential)
      // A credential that was checked before may count until the next poll finds the tables gone.
      await expect.poll(asking, { timeout: 3000 }).toEqual(failure(103, 'database_error'))
      expect(JSON.stringify(await asking())).not.toMatch(internals)
    }
    expect(app.log.join('')).toContain('does not exist')
  })
})
