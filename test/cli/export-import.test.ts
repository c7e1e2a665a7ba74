import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { resources } from '../../src/resource/index.ts'
import { randomRows } from '../resource/random-row.ts'
import { secrets, startOn, type TestApp } from '../wire/support/app.ts'
import { createTestData, type TestData } from '../wire/support/data.ts'
import { makeFolder, type Ran, runDaybook } from './daybook.ts'

const main = resolve(import.meta.dirname, '../../src/main.ts')
const manyRows = 100_000

/** As an embedded server would have them after a while: some failed, some that still run, some that returned null. */
const prepare = `insert into js_result (js_worker_id, js_worker_name, run_type, start_time, finish_time, param, result, error_message)
  select n % 7, 'worker_' || n % 100, 'call', to_timestamp(1775000000 + n / 3.0),
    case when n % 50 <> 1 then to_timestamp(1775000000.5 + n / 3.0) end, jsonb_build_object('n', n, 'text', 'ä"\\'),
    case when n % 50 = 0 then 'null' when n % 10 <> 1 then jsonb_build_object('big', 9007199254740993 + n) end,
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
})
