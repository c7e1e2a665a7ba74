import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { resources } from '../../src/resource/kind/index.ts'
import { randomRows } from '../resource/random-row.ts'
import { secrets, startOn, type TestApp } from '../wire/support/app.ts'
import { createTestData, type TestData } from '../wire/support/data.ts'
import { makeFolder, type Ran, runDaybook, runOnTerminal } from './daybook.ts'

const main = resolve(import.meta.dirname, '../../src/main.ts')
const manyRows = 100_000

/** As an embedded server would have them after a while: some failed, some that still run, some that returned null. */
const prepare = `insert into js_result (js_worker_id, js_worker_name, run_type, start_time, finish_time, param, result, error_message)
  select n % 7, 'worker_' || n % 100, 'call', to_timestamp(1775000000 + n / 3.0),
    case when n % 50 <> 1 then to_timestamp(1775000000.5 + n / 3.0) end, jsonb_build_object('n', n % 10),
    case when n % 50 = 0 then 'null'
      when n % 1000 = 3 then jsonb_build_object('big', 9007199254740993 + n, 'text', 'ä"\\')
      when n % 10 <> 1 then 'true'::jsonb end,
    case when n % 10 = 1 and n % 50 <> 1 then 'failed' || chr(10) || n end
  from generate_series(1, ${manyRows}) as n`

const smallRows = resources.filter(
  resource => resource.recorded === 'append' && resource.name !== 'js-result',
)

let folder: Awaited<ReturnType<typeof makeFolder>>
let datas: readonly TestData[] = []
let embedded: TestApp
let production: TestApp

beforeAll(async () => {
  folder = await makeFolder()
  datas = await Promise.all([createTestData('pglite', prepare), createTestData('postgres')])
  const [from, to] = datas as [TestData, TestData]
  embedded = await startOn(from)
  production = await startOn(to)
  for (const resource of smallRows) {
    await clientOf(embedded).call(`${resource.name}_append`, { rows: randomRows(resource, 60) })
  }
})

afterAll(async () => {
  await Promise.all([embedded.close(), production.close()])
  await Promise.all(datas.map(data => data.remove()))
  await folder.remove()
})

function clientOf({ url }: TestApp) {
  return createClient({ url, token: secrets.root })
}

function daybook({ url }: TestApp, args: readonly string[], input?: string): Promise<Ran> {
  const env = { DAYBOOK_URL: url, DAYBOOK_TOKEN: secrets.root, DAYBOOK_DATA: folder.path }
  return runDaybook(args, { env, ...(input !== undefined && { input }) })
}

function file(name: string): string {
  return join(folder.path, name)
}

async function digestOf(app: TestApp, resource: (typeof resources)[number]['name']): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of clientOf(app).export(resource as 'js-result', [])) hash.update(bytes)
  return hash.digest('hex')
}

async function fileDigest(name: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file(name)))
    .digest('hex')
}

describe('moving from the embedded database to PostgreSQL', () => {
  test('100,000 records arrive as they were, by an import that was killed and run again', async () => {
    const exported = await daybook(embedded, ['export', 'js-result', '--output', file('js-result')])
    expect(exported).toEqual({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining(`${manyRows} rows written\n`),
    })

    const args = [main, 'import', 'js-result', file('js-result')]
    const env = { ...process.env, DAYBOOK_URL: production.url, DAYBOOK_TOKEN: secrets.root }
    const killed = spawn(process.execPath, args, { env, stdio: 'ignore' })
    const ended = new Promise(done => killed.once('exit', done))
    while ((await clientOf(production).count('js-result', [])) === 0) await sleep(20)
    killed.kill('SIGKILL')
    await ended
    const arrived = await clientOf(production).count('js-result', [])
    expect(arrived).toBeLessThan(manyRows)

    const again = await daybook(production, ['import', 'js-result', file('js-result')])
    expect(again.code, again.stderr).toBe(0)
    const { imported, skipped } = JSON.parse(again.stdout)
    expect(imported + skipped).toBe(manyRows)
    expect(skipped).toBeGreaterThanOrEqual(arrived)
    expect(await digestOf(production, 'js-result')).toBe(await fileDigest('js-result'))
    for (const word of ['is_success', 'is_failure', 'is_running'] as const) {
      const counts = [embedded, production].map(app => clientOf(app).count('js-result', [word]))
      expect(await counts[1]).toBe(await counts[0])
    }
    const ids = await clientOf(production).append('js-result', [{ js_worker_name: 'new' }])
    expect(ids).toEqual([manyRows + 1])
  })

  test.each(smallRows)(
    '$name: all rows arrive, and what is recorded next is numbered behind them',
    async resource => {
      const { name, ordering } = resource
      expect((await daybook(embedded, ['export', name, '--output', file(name)])).code).toBe(0)
      const text = await readFile(file(name), 'utf8')
      expect(await daybook(production, ['import', name], text)).toEqual({
        code: 0,
        stdout: '{"imported":60,"skipped":0}\n',
        stderr: '',
      })
      expect(await digestOf(production, name)).toBe(await fileDigest(name))
      const last = JSON.parse(text.trimEnd().split('\n').at(-1) ?? '')
      const { [ordering.key]: key, ...row } = last
      const rows = [{ ...row, [resource.nameField]: 'quite_new' }]
      const { ids } = (await clientOf(production).call(`${name}_append`, { rows })) as { ids: number[] }
      expect(ids).toEqual([key + 1])
      if (resource.merge === undefined) return
      // The same event once more is found again.
      expect(await clientOf(production).call(`${name}_append`, { rows: [row] })).toEqual({ ids: [key] })
    },
  )

  test('change events arrive once those of the new server are deleted', async () => {
    const [from, to] = [clientOf(embedded), clientOf(production)]
    const isThere = async () => (await to.count('change-event', [])) >= 2
    await vi.waitUntil(isThere, { timeout: 10_000 })
    expect((await daybook(embedded, ['export', 'change-event', '--output', file('changes')])).code).toBe(0)
    const refused = await daybook(production, ['import', 'change-event', file('changes')])
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/^daybook: lines 1 to \d+: error 109 row_conflict: .* 1, 2/)
    await to.delete('change-event', ['all'])
    expect((await daybook(production, ['import', 'change-event', file('changes')])).code).toBe(0)
    const [there, here] = await Promise.all([from, to].map(client => client.query('change-event', [])))
    expect(here).toEqual(there)
  })
})

describe('daybook export', () => {
  test('writes what fulfils the conditions to stdout, and nothing else', async () => {
    const { code, stdout, stderr } = await daybook(embedded, [
      'export',
      'js-result',
      'is_failure',
      'id_in=3,11,21',
    ])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(
      stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line).id),
    ).toEqual([11, 21])
  })

  test('lets no record drive a terminal', async () => {
    const { ids } = (await clientOf(embedded).call('service-event_append', {
      rows: [{ project_id: 'p', service_id: 's', service_name: 'n', event_info: 'a\u009b2J\u202eb' }],
    })) as { ids: number[] }
    const env = { DAYBOOK_URL: embedded.url, DAYBOOK_TOKEN: secrets.root, DAYBOOK_DATA: folder.path }
    const { stdout } = await runOnTerminal(['export', 'service-event', `id=${ids[0]}`], { env })
    expect(stdout).toContain('"event_info":"a\\u009b2J\\u202eb"')
  })

  test.each([
    [['export', 'js-result', '--format', 'xml'], 2],
    [['export', 'nothing'], 2],
    [['export', 'js-result', '--after', 'x'], 2],
    [['export', 'js-result', 'limit=ten'], 1],
    [['export', 'js-result', 'last', '--after', '1'], 1],
    [['export', 'js-result', '--output', '/no/such/folder/file'], 1],
    [['import', 'nothing'], 2],
    [['import', 'js-result', '/no/such/file'], 1],
  ])('%j ends with %i', async (args, code) => {
    const ran = await daybook(embedded, args)
    expect([ran.code, ran.stdout]).toEqual([code, ''])
    expect(ran.stderr).not.toBe('')
  })
})

describe('daybook import', () => {
  const row = { id: 900, project_id: 'p', service_id: 's', service_name: 'n', event_type: 'normal' }
  const good = (id: number) => JSON.stringify({ ...row, id, event_info: 'i', occur_time: 1 })

  test.each([
    ['{"id":', /^daybook: line 3: /],
    ['[]', /^daybook: line 3: expected a JSON object\n/],
    [JSON.stringify(row), /^daybook: line 3: error -32602 /],
    [good(1), /^daybook: lines 1 to 3: error 109 row_conflict: .*in place of 1;/],
  ])('names the line of what it cannot take: %s', async (bad, message) => {
    await writeFile(file('bad'), [good(900), good(901), bad].join('\n'))
    const { code, stdout, stderr } = await daybook(embedded, ['import', 'service-event', file('bad')])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/\n\d rows written, \d were there\n$/)
  })
})
