import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { createEmptyPostgres, createTestPostgres } from '../support/databases.ts'
import {
  type DaybookProcess,
  dataFolder,
  serveDaybook,
  superToken,
  type Variables,
} from './daybook-process.ts'
import { feltBeside, report } from './other-client.ts'

vi.setConfig({ testTimeout: 120_000 })

test('workers that are replaced one after another fail no request', async () => {
  const server = await serveWorkers()
  const before = workersOf(server)
  expect(before).toHaveLength(2)
  expect(await workersCounted(server)).toEqual(['1', '2'])
  expect(await machinesOf(server)).toEqual(['1', '2'])
  const over = Promise.withResolvers<void>()
  const clients = Array.from({ length: 4 }, () => askWithoutPause(server, () => over.promise))
  await sleep(500)
  server.signal('SIGHUP')
  const areReplaced = (): boolean => {
    const now = workersOf(server)
    return now.length === 2 && !now.some(pid => before.includes(pid))
  }
  await vi.waitUntil(areReplaced, { timeout: 60_000, interval: 50 }).finally(over.resolve)
  for (const felt of await Promise.all(clients)) {
    report('workers are replaced', felt)
    expect(felt).toMatchObject({ refused: 0, refusals: [] })
  }
  expect(await workersCounted(server)).toEqual(['1', '2'])
})

test('of a worker that is killed the requests in flight may fail, and it comes back; all end with their keeper', async () => {
  const server = await serveWorkers()
  const before = workersOf(server)
  const over = Promise.withResolvers<void>()
  const clients = Array.from({ length: 4 }, () => askWithoutPause(server, () => over.promise))
  await sleep(300)
  process.kill(before[0] ?? 0, 'SIGKILL')
  const isBack = async (): Promise<boolean> =>
    workersOf(server).length === 2 && (await workersCounted(server)).length === 2
  await vi.waitUntil(isBack, { timeout: 60_000, interval: 100 }).finally(over.resolve)
  for (const felt of await Promise.all(clients)) {
    report('a worker is killed', felt)
    expect(felt.refused).toBeLessThanOrEqual(1)
  }
  const now = workersOf(server)
  expect(now).toContain(before[1])
  await server.kill()
  await vi.waitUntil(() => !now.some(isAlive), { timeout: 10_000 })
})

test('the first start shows one super token, and a stop ends all processes', async () => {
  const server = await serveWorkers({ DAYBOOK_SUPER_TOKEN: undefined }, createEmptyPostgres())
  const shown = server.output().match(/^ {2}\w{16}:\w{32}$/gm)
  expect(shown).toHaveLength(1)
  expect(server.output().match(/listens on/g)).toHaveLength(1)
  const workers = workersOf(server)
  server.signal('SIGTERM')
  expect(await server.ended).toEqual({ code: 0, signal: null })
  expect(workers.filter(isAlive)).toEqual([])
})

test('workers that cannot be replaced stay, and where the first cannot serve there is none', async () => {
  const secret = join(await dataFolder(), 'secret')
  writeFileSync(secret, 'x'.repeat(32))
  const server = await serveWorkers({ DAYBOOK_JWT_SECRET_FILE: secret })
  const workers = workersOf(server)
  writeFileSync(secret, 'too short')
  server.signal('SIGHUP')
  await vi.waitUntil(() => server.errors().includes('DAYBOOK_JWT_SECRET'), { timeout: 20_000 })
  await vi.waitFor(() => expect(workersOf(server)).toEqual(workers), { timeout: 20_000 })
  expect(await createClient({ url: server.url, token: superToken }).query('js-result', ['last'])).toEqual([])
  const { port } = new URL(server.url)
  await expect(serveWorkers({ PORT: port })).rejects.toThrow('ended with 1: daybook')
})

test('the embedded database refuses workers', async () => {
  const starting = serveDaybook({ DAYBOOK_WORKERS: '2', DAYBOOK_DATA: await dataFolder() })
  await expect(starting).rejects.toThrow('DAYBOOK_WORKERS')
})

async function serveWorkers(more: Variables = {}, creating = createTestPostgres()): Promise<DaybookProcess> {
  const database = await creating
  onTestFinished(database.drop)
  const own = { DATABASE_URL: database.url, DAYBOOK_DATA: await dataFolder(), DAYBOOK_WORKERS: '2' }
  return serveDaybook({ ...own, ...more })
}

/** What a client feels that asks again as soon as it is answered. */
function askWithoutPause({ url }: DaybookProcess, meanwhile: () => Promise<void>) {
  const client = createClient({ url, token: superToken })
  return feltBeside({ ask: () => client.query('js-result', ['last']), pauseMs: 0 }, meanwhile)
}

/** The processes that `server` has started. */
function workersOf({ pid }: DaybookProcess): readonly number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  return pids.filter(each => parentOf(each) === pid)
}

function parentOf(pid: number): number | undefined {
  try {
    // `pid (name) state parent …`; Z is what has ended.
    const [, state, parent] = /\) (\S) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
    return state === 'Z' ? undefined : Number(parent)
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  return parentOf(pid) !== undefined
}

/** The numbers behind the names of the machines that report themselves. */
async function machinesOf({ url }: DaybookProcess): Promise<readonly string[]> {
  const client = createClient({ url, token: superToken })
  const changes = await client.query('change-event', [])
  const names = changes.flatMap(change => /:\d+\/(\d+)"/.exec(JSON.stringify(change))?.[1] ?? [])
  return [...new Set(names)].sort()
}

async function workersCounted({ url }: DaybookProcess): Promise<readonly string[]> {
  const text = await (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text()
  const found = text.matchAll(/^process_cpu_seconds_total\{worker="(\d+)"\}/gm)
  return [...found].map(([, number = '']) => number).sort()
}
