import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { acquireDataLock } from '../../src/database/data-lock.ts'
import { openDatabase } from '../../src/database/open.ts'
import { StartError } from '../../src/database/start-error.ts'

test('a data folder is locked until it is released, and the owner is named', async () => {
  const folder = await temporaryFolder()
  const lock = await acquireDataLock(folder)
  await expect(acquireDataLock(folder)).rejects.toThrow(StartError)
  await expect(acquireDataLock(folder)).rejects.toThrow(`process ${process.pid} `)
  await lock.release()
  expect(await readdir(folder)).toEqual(['server.lock'])
  const next = await acquireDataLock(folder)
  // The first lock is over: it must not end the second.
  await lock.release()
  await expect(acquireDataLock(folder)).rejects.toThrow(StartError)
  await next.release()
})

test('the lock of a process that lives is respected, of one that died it is free at once', async () => {
  const folder = await temporaryFolder()
  const holder = await startHolder(folder)
  await expect(acquireDataLock(folder)).rejects.toThrow(`process ${holder.pid} `)
  await holder.kill()
  const lock = await acquireDataLock(folder)
  await expect(acquireDataLock(folder)).rejects.toThrow(`process ${process.pid} `)
  await lock.release()
})

test('whoever tries in vain, in the same process too, takes nothing from the owner', async () => {
  const folder = await temporaryFolder()
  const lock = await acquireDataLock(folder)
  await expect(acquireDataLock(folder)).rejects.toThrow(StartError)
  await expect(startHolder(folder)).rejects.toThrow('did not get the lock')
  await lock.release()
})

test('what the files say decides nothing: neither of nobody nor of somebody elsewhere', async () => {
  const folder = await temporaryFolder()
  for (const text of ['', 'process 1 on elsewhere.invalid\n', 'no owner at all']) {
    await writeFile(join(folder, 'owner'), text)
    await writeFile(join(folder, 'server.lock'), '')
    const lock = await acquireDataLock(folder)
    await lock.release()
  }
})

test('a lock file that is something else stops the start, and stays', async () => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'server.lock'), 'not a lock'.repeat(100))
  await expect(acquireDataLock(folder)).rejects.toThrow(StartError)
  expect(await readFile(join(folder, 'server.lock'), 'utf8')).toContain('not a lock')
})

test('of many that take the lock at once exactly one wins', async () => {
  const folder = await temporaryFolder()
  const here = Array.from({ length: 8 }, () => acquireDataLock(folder))
  const elsewhere = Array.from({ length: 4 }, () => startHolder(folder))
  const takers = await Promise.allSettled([...here, ...elsewhere])
  expect(takers.filter(taker => taker.status === 'fulfilled')).toHaveLength(1)
  for (const taker of await Promise.allSettled(here)) {
    if (taker.status === 'fulfilled') await taker.value.release()
  }
  for (const taker of await Promise.allSettled(elsewhere)) {
    if (taker.status === 'fulfilled') await taker.value.kill()
  }
})

test('a database opens its folder for itself alone and frees it on close', async () => {
  const dataDir = join(await temporaryFolder(), 'new', 'folder')
  const first = await openDatabase({ dataDir, onError: fail })
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
