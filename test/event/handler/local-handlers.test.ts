import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../../src/database/database.ts'
import { disableHandler } from '../../../src/event/handler/handler-change.ts'
import {
  type LocalContext,
  type LocalHandler,
  loadLocalHandlers,
  storeLocalHandlers,
} from '../../../src/event/handler/local-handlers.ts'
import { describeEngines } from '../../support/databases.ts'
import { define, handlers, insert, now, owner, sealer } from '../definitions.ts'

async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-handlers-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

/** A module that exports this source text's value as default. */
const exporting = (source: string) => `export default ${source}`
const minimal = (name: string) => exporting(`{ fullName: '${name}', sender: '*', run: () => '${name}' }`)

async function faultsOf(folder: string): Promise<string[]> {
  const error = await loadLocalHandlers(folder).then(
    () => undefined,
    error => error,
  )
  expect(error).toBeInstanceOf(Error)
  return String(error.message).replaceAll(`${folder}/`, '').split('\n').slice(1)
}

describe('the handlers folder', () => {
  test('gives what its modules define, with defaults', async () => {
    const full = exporting(`{
      fullName: 'b.full', sender: 'shop.*', eventType: 'order', timeoutMs: 500, concurrency: 3,
      retry: { limit: 0, delayMs: 5, backoff: false },
      schedule: { cron: '@daily', tz: 'Asia/Tokyo' }, description: 'what it does',
      run: async (kwargs, { attempt }) => [kwargs, attempt],
    }`)
    const folder = await folderOf({ 'a.js': minimal('a'), 'b.mjs': full })
    const loaded = await loadLocalHandlers(folder)
    expect([...loaded.keys()]).toEqual(['a', 'b.full'])
    expect(loaded.get('a')?.definition).toMatchObject({
      ...define('a', { target: { kind: 'local' } }),
      sender: { text: '*' },
      event_type: { text: 'events.NormalType' },
    })
    expect(loaded.get('b.full')?.definition).toMatchObject({
      sender: { text: 'shop.*' },
      event_type: { text: 'order' },
      timeout_ms: 500,
      concurrency: 3,
      retry: { limit: 0, delay_ms: 5, backoff: false },
      schedule: { cron: '@daily', tz: 'Asia/Tokyo' },
      description: 'what it does',
    })
    const context = { attempt: 2 } as LocalContext
    expect(await loaded.get('b.full')?.run('kwargs', context)).toEqual(['kwargs', 2])
  })

  test('takes modules of four kinds and nothing else', async () => {
    const typed = (name: string) =>
      `const run: () => string = () => '${name}'\n${exporting(`{ fullName: '${name}', sender: '*', run }`)}`
    const folder = await folderOf({
      'd.mts': typed('d'),
      'c.ts': typed('c'),
      'b.mjs': minimal('b'),
      'a.js': minimal('a'),
      'types.d.ts': 'broken(',
      'types.d.mts': 'broken(',
      '.hidden.js': 'broken(',
      'old.cjs': 'broken(',
      'readme.md': 'broken(',
    })
    await mkdir(join(folder, 'folder.js'))
    expect([...(await loadLocalHandlers(folder)).keys()]).toEqual(['a', 'b', 'c', 'd'])
  })

  test('gives a schedule without a time zone the one that is configured', async () => {
    const source = `{ fullName: 'a', sender: '*', run() {}, schedule: { cron: '@daily' } }`
    const loaded = await loadLocalHandlers(await folderOf({ 'a.js': exporting(source) }), 'Asia/Tokyo')
    expect(loaded.get('a')?.definition.schedule).toEqual({ cron: '@daily', tz: 'Asia/Tokyo' })
  })

  test('tells every fault of every file at once', async () => {
    const folder = await folderOf({
      'a.js': exporting(`{ fullName: 'a*', sender: '*x', timeoutMs: 1, run: 1 }`),
      'b.js': `throw new Error('at import')`,
      'c.js': 'export const fullName = 1',
      'd.js': exporting(
        `{ fullName: 'd', sender: '*', run() {}, schedule: { cron: '0 0 30 2 *' }, retires: 1 }`,
      ),
      'e.js': minimal('e'),
      'f.js': minimal('e'),
      'g.js': 'export default {',
    })
    expect(await faultsOf(folder)).toEqual([
      expect.stringMatching(/^a\.js: default\.fullName: /),
      expect.stringMatching(/^a\.js: default\.sender: /),
      expect.stringMatching(/^a\.js: default\.run: /),
      expect.stringMatching(/^a\.js: default\.timeoutMs: /),
      expect.stringMatching(/^b\.js: .*at import/),
      expect.stringMatching(/^c\.js: default: /),
      expect.stringMatching(/^d\.js: default\.schedule\.cron: /),
      expect.stringMatching(/^d\.js: default: .*retires/),
      expect.stringMatching(/^f\.js: default\.fullName: e\.js/),
      expect.stringMatching(/^g\.js: cannot be imported: /),
    ])
  })

  test.each([
    ['a name with a star', `{ fullName: 'a*', sender: '*', run() {} }`, 'default.fullName'],
    ['no sender', `{ fullName: 'a', run() {} }`, 'default.sender'],
    ['a bad event type', `{ fullName: 'a', sender: '*', eventType: '', run() {} }`, 'default.eventType'],
    ['nothing to run', `{ fullName: 'a', sender: '*' }`, 'default.run'],
    [
      'too many tries',
      `{ fullName: 'a', sender: '*', run() {}, retry: { limit: 101 } }`,
      'default.retry.limit',
    ],
    ['no concurrency', `{ fullName: 'a', sender: '*', run() {}, concurrency: 0 }`, 'default.concurrency'],
    [
      'no zone',
      `{ fullName: 'a', sender: '*', run() {}, schedule: { cron: '@daily', tz: 'x' } }`,
      'default.schedule.tz',
    ],
    ['no object', 'null', 'default'],
    ['a class', 'class {}', 'default'],
  ])('refuses %s', async (_what, source, path) => {
    const faults = await faultsOf(await folderOf({ 'a.js': exporting(source) }))
    expect(faults).toEqual([expect.stringContaining(`a.js: ${path}: `)])
  })

  test('that is not there is a fault', async () => {
    await expect(loadLocalHandlers(join(await folderOf({}), 'none'))).rejects.toThrow(/ENOENT/)
  })
})

describeEngines('local handlers at start', open => {
  let database: Database

  beforeAll(async () => {
    database = await open()
  })
  beforeEach(async () => {
    await database.kysely.deleteFrom('event_handler').execute()
  })

  const local = (name: string, rest: Parameters<typeof define>[1] = {}): LocalHandler => ({
    definition: define(name, { target: { kind: 'local' }, ...rest }),
    run: () => undefined,
  })
  const store = (wanted: readonly LocalHandler[], at = now, by = owner) =>
    storeLocalHandlers(
      { database, sealer, clock: () => at, owner: by },
      new Map(wanted.map(handler => [handler.definition.full_name, handler])),
    )
  const find = (name: string) => handlers.find(database, name)

  test('are inserted, and updated only when they are defined otherwise', async () => {
    await store([local('a'), local('b')])
    const first = await find('a')
    expect(first).toMatchObject({ target: { kind: 'local' }, owner, updated_time: now, enabled: true })
    await store([local('a'), local('b', { timeout_ms: 500 })], now + 1)
    expect(await find('a')).toMatchObject({ id: first?.id, updated_time: now })
    expect(await find('b')).toMatchObject({ timeout_ms: 500, updated_time: now + 1 })
  })

  test('belong to the super token that there is, also when it was replaced', async () => {
    await store([local('a')])
    const other = [{ tokenKey: 'other' }]
    await store([local('a')], now, other)
    expect(await find('a')).toMatchObject({ owner: other })
  })

  test('stay disabled where they were', async () => {
    await store([local('a')])
    await disableHandler(database, (await find('a'))?.id ?? 0, now)
    await store([local('a', { timeout_ms: 500 })])
    expect(await find('a')).toMatchObject({ timeout_ms: 500, enabled: false })
  })

  test('stay stored when their files are gone', async () => {
    await store([local('a')])
    await store([])
    expect(await find('a')).toMatchObject({ full_name: 'a' })
  })

  test('do not take the names of handlers with other targets, all of which are told', async () => {
    await insert(database, 'x')
    await insert(database, 'y', { target: { kind: 'js_worker', name: 'w' } })
    await expect(store([local('x'), local('a'), local('y')])).rejects.toThrow(/x, y$/)
    expect(await find('x')).toMatchObject({ target: { kind: 'remote' } })
  })

  test('do not take a name that is only just being given away', async () => {
    let storing: Promise<unknown> = Promise.resolve()
    await database.transaction(async runner => {
      await insert(runner, 'x')
      storing = store([local('x')]).catch((error: unknown) => error)
      // Time for the other to find no handler yet, and to wait for this one.
      await sleep(300)
    })
    expect(await storing).toBeInstanceOf(Error)
    expect(await find('x')).toMatchObject({ target: { kind: 'remote' } })
  })

  test('are stored once by servers that start at the same time, also in another order', async () => {
    const names = ['a', 'b', 'c', 'd']
    const starts = Array.from({ length: 6 }, (_, i) => {
      const starting = names.map(name => local(name, { timeout_ms: 1000 + i }))
      return store(i % 2 === 0 ? starting : starting.toReversed())
    })
    await Promise.all(starts)
    const rows = await database.kysely.selectFrom('event_handler').select('full_name').execute()
    expect(rows.map(row => row.full_name).toSorted()).toEqual(names)
  })
})
