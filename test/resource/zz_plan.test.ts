import { sql } from 'kysely'
import { test } from 'vitest'
import { writeFileSync } from 'node:fs'
import { resources } from '../../src/resource/index.ts'
import { openTestDatabase } from '../support/databases.ts'
import { createCaller, type Page } from './caller.ts'
import { explain, rowsRead, scansOf } from './explain.ts'
import { recordStatements } from './recorder.ts'
const N = Number(process.env.ROWS ?? 200000)
const now = 1_775_000_000_000
const day = 86_400_000
const loadJs = sql`insert into js_result (js_worker_id, js_worker_name, run_type, start_time, finish_time, param, result, error_message)
 select n % 10000, 'w' || lpad((n*7919 % 10000)::text, 5, '0'), case when n % 3 = 0 then 'rt' || n % 100 else 'call' end,
  case when n % 50 = 1 then null else to_timestamp((${now}::float8 - (n * 48271::bigint % 2147483647) % 8640000 * 1000)/1000) end,
  case when n % 100 = 2 then null else to_timestamp((${now}::float8 - (n * 48271::bigint % 2147483647) % 8640000 * 1000 + (n % 997) * (n % 991))/1000) end,
  jsonb_build_object('n', n % 5000, 's', md5(n::text)), case when n % 100 = 2 or n % 33 = 3 then null else jsonb_build_object('ok', true, 'm', n % 3001) end,
  case when n % 33 = 3 then 'error ' || md5(n::text) else null end
 from generate_series(1, ${N}::int) n`
const loadEv = sql`insert into event_log (full_name,event_type,sender,run_type,status,request_id,node_id,parent_node_id,attempt,created_time,start_time,finish_time,param,result,error_message)
 select 'h' || lpad((n*7919 % 10000)::text, 5, '0'), 'type' || n % 200, 'sender' || n % 1000, case when n % 50 = 0 then 'replay' when n % 10 = 1 then 'cron' when n % 4 = 0 then 'chain' else 'send' end,
  case when n % 100 = 2 then 'waiting' when n % 100 = 4 then 'running' when n % 33 = 3 then 'fail' else 'success' end,
  'r' || n / 5, 'n' || n, case when n % 4 = 0 then 'n' || (n-1) end, case when n % 500 = 0 then 3 when n % 20 = 0 then 2 else 1 end,
  to_timestamp((${now}::float8 - (n * 48271::bigint % 2147483647) % 8640000 * 1000)/1000),
  case when n % 100 = 2 then null else to_timestamp((${now}::float8 - (n * 48271::bigint % 2147483647) % 8640000 * 1000 + 5)/1000) end,
  case when n % 100 in (2,4) then null else to_timestamp((${now}::float8 - (n * 48271::bigint % 2147483647) % 8640000 * 1000 + 5 + (n % 997) * (n % 991))/1000) end,
  jsonb_build_object('n', n % 5000, 's', md5(n::text)), case when n % 100 in (2,4) or n % 33 = 3 then null else jsonb_build_object('ok', true, 'm', n % 3001) end,
  case when n % 33 = 3 then 'error ' || md5(n::text) else null end
 from generate_series(1, ${N}::int) n`
const time = (f: string) => [{ [f + '_from']: now - day / 24 }, { [f + '_to']: now - 99.9 * day }, { [f + '_from_to']: [now - 50 * day, now - 49.9 * day] }]
const common = [[], [{ limit: 10 }], ['last'], [{ id: 777 }], [{ id_in: [5, 6, 7000] }], ...time('start_time').map(x => [x]), ...time('finish_time').map(x => [x]),
 ['is_success'], ['is_failure'], ['is_running'], [{ param_contains: { n: 77 } }], [{ result_contains: { m: 77 } }], [{ error_message_contains: 'abc' }], [{ duration_from: 950000 }], [{ duration_to: 2 }]].map(x => x as unknown[])
const cases: Record<string, unknown[][]> = {
 'js-result': [...common, [{ js_worker_id: 77 }], [{ js_worker_id_in: [77, 78] }], [{ js_worker_name: 'w00077' }], [{ js_worker_name_in: ['w00077', 'w00099'] }], [{ js_worker_name_like: 'w0007*' }], [{ run_type: 'rt9' }], [{ run_type_in: ['rt9', 'rt12'] }], [{ run_type_like: 'rt1*' }],
  [{ or: [{ js_worker_name: 'w00077' }, { js_worker_id: 9 }] }], [{ and: ['is_failure', { js_worker_name: 'w00077' }] }], [{ not: 'is_success' }], [{ js_worker_name: 'w00077' }, 'is_running'], [{ js_worker_name: 'w00077' }, { run_type: 'call' }, { limit: 20 }]],
 'event-log': [...common, ['is_waiting'], ...['full_name', 'event_type', 'sender', 'request_id', 'node_id', 'parent_node_id'].flatMap(f => { const v = ({ full_name: 'h00077', event_type: 'type77', sender: 'sender77', request_id: 'r777', node_id: 'n777', parent_node_id: 'n775' } as any)[f]; return [[{ [f]: v }], [{ [f + '_in']: [v, 'x'] }], [{ [f + '_like']: v + '*' }]] }), [{ run_type: 'replay' }], [{ run_type_in: ['replay'] }], [{ status: 'fail' }], [{ status_in: ['fail', 'waiting'] }], [{ attempt: 3 }], [{ attempt_in: [3, 4] }], ...time('created_time').map(x => [x])],
}
test('plans', async () => {
  const real = await openTestDatabase('postgres', { statementTimeoutMs: 600000 })
  let t = performance.now()
  await loadJs.execute(real.kysely); await loadEv.execute(real.kysely); await sql`vacuum analyze`.execute(real.kysely)
  let out = `loaded ${performance.now() - t}\n`
  const { database, recorded } = recordStatements(real)
  const call = createCaller(database)
  const say = async (what: string, table: string) => {
    const r = recorded.at(-1)!
    const plan = await explain(real, r)
    const scans = scansOf(plan, table)
    const seq = scans.some(s => s['Node Type'] === 'Seq Scan') ? 'SEQ ' : ''
    out += `${seq}${what} read=${rowsRead(scans)} [${[...new Set(plan.filter(s => s['Node Type'].includes('Scan') && s['Node Type'] !== 'CTE Scan' && s['Node Type'] !== 'Subquery Scan').map(s => s['Node Type'] + ':' + (s['Index Name'] ?? s['Relation Name'])))].join(', ')}] ${plan.some(s => s['Node Type'] === 'Sort' || s['Node Type'] === 'Incremental Sort') ? 'sort' : ''}\n`
  }
  for (const resource of resources) for (const condition of cases[resource.name]!) {
    const text = `${resource.name} ${JSON.stringify(condition)}`
    recorded.length = 0
    const rows = await call<any[]>(`${resource.name}_query`, { query: { condition } })
    await say(`${text} query(${rows.length})`, resource.table)
    for (const order of ['newest', 'oldest']) {
      const p = await call<Page>(`${resource.name}_page`, { query: { condition }, order })
      await say(`${text} page ${order}(${p.rows.length})`, resource.table)
      const p1 = p.next === null ? await call<Page>(`${resource.name}_page`, { query: { condition: [{limit: 1}] }, order }) : p
      const p2 = await call<Page>(`${resource.name}_page`, { query: { condition }, order, after: p1.next })
      await say(`${text} after ${order}(${p2.rows.length})`, resource.table)
    }
    await real.transaction(async runner => { const rec = recordStatements(Object.create(real, { run: { value: runner.run }, read: { value: runner } })); const c = createCaller(rec.database)
      const d = await c<any>(`${resource.name}_delete`, { query: { condition: condition.length === 0 ? ['all'] : condition } }); recorded.push(rec.recorded[0]!)
      out += `(${d.deleted}) `; throw new Error('undo') }).catch(e => { if (e.message !== 'undo') throw e })
    await say(`${text} delete`, resource.table)
    await real.transaction(async runner => { const rec = recordStatements(Object.create(real, { run: { value: runner.run }, read: { value: runner } })); const c = createCaller(rec.database)
      const d = await c<any>(`${resource.name}_delete`, { query: { condition: [...condition, { limit: 100 }] } }); recorded.push(rec.recorded[0]!)
      out += `(${d.deleted}) `; throw new Error('undo') }).catch(e => { if (e.message !== 'undo') throw e })
    await say(`${text} delete100`, resource.table)
  }
  writeFileSync('/tmp/g/plans.txt', out)
  await real.close()
}, 3000000)
