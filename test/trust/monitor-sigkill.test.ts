import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { openDatabase } from '../../src/database/open.ts'
import { rawStatement } from '../../src/database/statement.ts'
import { createTestPostgres } from '../support/databases.ts'
import { dataFolder, serveDaybook, superToken } from './daybook-process.ts'
import { rounds } from './rounds.ts'

const kills = rounds(8)

/** So many that something is under way whenever a server dies. */
const monitors = 60

// Each transition that told something, beside the events that were sent for it.
const readTold = rawStatement(
  `select m.name, t.state, count(e.id)::int from monitor m join monitor_transition t on t.monitor_id = m.id
   left join event_log e on e.request_id = t.request_id
     and e.param -> 'monitor' ->> 'name' = m.name and e.param -> 'monitor' ->> 'state' = t.state
   where t.request_id is not null group by m.name, t.id, t.state order by m.name, t.id`,
)
const readUntold = rawStatement(
  `select id from event_log e where not exists (select from monitor_transition t where t.request_id = e.request_id)`,
)

test('two servers tell of each transition once, one of them killed again and again', {
  timeout: kills * 15_000 + 60_000,
}, async ({ annotate }) => {
  const own = await createTestPostgres()
  onTestFinished(own.drop)
  const database = await openDatabase({ url: own.url, onError: () => undefined })
  onTestFinished(() => database.close())
  // A short lease: what a killed server held is taken over while the test lasts.
  const variables = { DATABASE_URL: own.url, DAYBOOK_STATEMENT_TIMEOUT_MS: '1000' }
  const start = async () => serveDaybook({ ...variables, DAYBOOK_DATA: await dataFolder() })
  const { url } = await start()
  const client = createClient({ url, token: superToken })
  const target = { kind: 'remote' as const }
  await client.call('event-handler_create', { full_name: 'on-call', sender: 'ops', target })
  for (let i = 0; i < monitors; i++) {
    await client.call('monitor_create', {
      name: `m${i}`,
      resource: 'js-result',
      query: { condition: ['is_failure'] },
      window_ms: 3_600_000,
      every_ms: 1000,
      when: { at_least: 1 },
      event: { sender: 'ops' },
    })
  }

  async function toggle(isFailing: boolean): Promise<void> {
    if (isFailing)
      await client.append('js-result', [{ js_worker_name: 'w', run_type: 'call', error_message: 'x' }])
    else await database.kysely.deleteFrom('js_result').execute()
  }
  let isFailing = false
  for (let round = 1; round <= kills; round++) {
    const killed = await start()
    isFailing = !isFailing
    await toggle(isFailing)
    await sleep(Math.random() * 1500)
    await killed.kill()
  }
  if (isFailing) await toggle(false)
  const allOk = async () =>
    (await client.call('monitor_status', {})).monitors.every(({ state }) => state === 'ok')
  await vi.waitUntil(allOk, { timeout: 45_000, interval: 200 })

  const { rows } = await database.run(readTold, [])
  const told = Map.groupBy(rows, ([name]) => name)
  expect(told.size).toBe(monitors)
  for (const [name, each] of told) {
    const states = each.map(([, state]) => state)
    expect(states, String(name)).toEqual(states.map((_, i) => (i % 2 === 0 ? 'firing' : 'ok')))
    expect(states.at(-1)).toBe('ok')
  }
  expect(rows.filter(([, , events]) => events !== 1)).toEqual([])
  expect((await database.run(readUntold, [])).rows).toEqual([])
  await annotate(`${kills} kills, ${rows.length} transitions`)
})
