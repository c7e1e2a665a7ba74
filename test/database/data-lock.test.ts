import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { acquireDataLock } from '../../src/database/data-lock.ts'
import { mayBeAlive, thisProcess } from '../../src/database/lock-owner.ts'
import { openDatabase } from '../../src/database/open.ts'
import { StartError } from '../../src/database/start-error.ts'

test('a data folder is locked until it is released, and the owner is named', async () => {
  const folder = await temporaryFolder()
  const lock = await acquireDataLock(folder)
  await expect(acquireDataLock(folder)).rejects.toThrow(StartError)
  await expect(acquireDataLock(folder)).rejects.toThrow(`process ${process.pid} `)
  await lock.release()
  expect(await readdir(folder)).toEqual([])
  const next = await acquireDataLock(folder)
  expect((await stat(join(folder, 'lock'))).mode & 0o777).toBe(0o600)
  // The first lock is over: it must not end the second.
  await lock.release()
  await expect(acquireDataLock(folder)).rejects.toThrow(StartError)
  await next.release()
})

test('the lock of a process that lives is respected, of one that died is taken over', async () => {
  const folder = await temporaryFolder()
  const holder = await startHolder(folder)
  await expect(acquireDataLock(folder)).rejects.toThrow(`process ${holder.pid} `)
  await holder.kill()
  const lock = await acquireDataLock(folder)
  expect(await readdir(folder)).toEqual(['lock'])
  await lock.release()
})

test('a process that got the number of a dead owner does not count as the owner', async () => {
  const folder = await temporaryFolder()
  const self = await thisProcess('some-id')
  await writeFile(join(folder, 'lock'), JSON.stringify({ ...self, started: '1' }))
  const lock = await acquireDataLock(folder)
  await lock.release()
})

test('the lock of a process on another host is never taken over', async () => {
  const folder = await temporaryFolder()
  const foreign = { ...(await thisProcess('some-id')), pid: 2 ** 22 + 1, host: 'elsewhere.invalid' }
  expect(await mayBeAlive({ ...foreign, host: (await thisProcess('x')).host })).toBe(false)
  await writeFile(join(folder, 'lock'), JSON.stringify(foreign))
  await expect(acquireDataLock(folder)).rejects.toThrow('elsewhere.invalid')
})

test('a lock file that cannot be read stops the start', async () => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'lock'), 'not a lock')
  await expect(acquireDataLock(folder)).rejects.toThrow(StartError)
  expect(await readFile(join(folder, 'lock'), 'utf8')).toBe('not a lock')
})

test('of many that take over one dead lock at once exactly one wins', async () => {
  for (let round = 0; round < 50; round++) {
    const folder = await temporaryFolder()
    const dead = { ...(await thisProcess('some-id')), started: '1' }
    await writeFile(join(folder, 'lock'), JSON.stringify(dead))
    // One that died while it took over has left its own lock on the right to do so.
    if (round % 2 === 1)
      await writeFile(join(folder, 'lock.some-id'), JSON.stringify({ ...dead, id: 'other' }))
    const takers = await Promise.allSettled(Array.from({ length: 8 }, () => acquireDataLock(folder)))
    expect(takers.filter(taker => taker.status === 'fulfilled')).toHaveLength(1)
    expect(await readdir(folder)).toEqual(['lock'])
  }
})

test('of two processes that take over one dead lock at once exactly one wins', async () => {
  const folder = await temporaryFolder()
  const dead = await startHolder(folder)
  await dead.kill()
  const takers = await Promise.allSettled([startHolder(folder), startHolder(folder)])
  expect(takers.map(taker => taker.status).sort()).toEqual(['fulfilled', 'rejected'])
  for (const taker of takers) if (taker.status === 'fulfilled') await taker.value.kill()
})

test('a database opens its folder for itself alone and frees it on close', async () => {
  const dataDir = join(await temporaryFolder(), 'new', 'folder')
  const first = await openDatabase({ dataDir, onError: fail })
  expect((await stat(dataDir)).mode & 0o777).toBe(0o700)
  await expect(openDatabase({ dataDir, onError: fail })).rejects.toThrow(StartError)
  await first.close()
  const second = await openDatabase({ dataDir, onError: fail })
  await second.close()
})

test('a folder that PGlite cannot open is told and left unlocked', async () => {
  const dataDir = await temporaryFolder()
  await writeFile(join(dataDir, 'database'), 'a file where the folder should be')
  await expect(openDatabase({ dataDir, onError: fail })).rejects.toThrow(StartError)
  expect(await readdir(dataDir)).toEqual(['database'])
})

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-lock-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

interface Holder {
  readonly pid: number | undefined
  kill(): Promise<void>
}

/** Another process that holds the lock of `folder` until it is killed; rejects when it does not get it. */
async function startHolder(folder: string): Promise<Holder> {
  const program = new URL('../support/lock-holder.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'ignore'] })
  const exited = once(child, 'exit')
  const [first] = await Promise.race([once(child.stdout, 'data'), exited])
  if (String(first) !== 'locked\n') throw new Error('did not get the lock')
  return {
    pid: child.pid,
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

function fail(error: unknown): never {
  throw error
}
