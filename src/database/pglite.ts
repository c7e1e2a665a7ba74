import { readdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { makeContentsPrivate, makePrivateFolder } from '../private-folder.ts'
import { acquireDataLock, type DataLock } from './data-lock.ts'
import type { Database } from './database.ts'
import { openPGliteConnection, type PGliteConnection } from './pglite-connection.ts'
import { createGate, type Gate } from './pglite-gate.ts'
import { createPoolExecutor, runTransaction } from './postgres-executor.ts'
import { readPreparedFolder } from './prepared-folder.ts'
import { createPulse } from './pulse.ts'
import { createRunner, wrapExecutor } from './runner.ts'
import type { SessionSettings } from './session-settings.ts'
import { describeError, StartError } from './start-error.ts'
import { startUpkeep } from './upkeep.ts'
import { createWakes, type Wakes } from './wakes.ts'

export interface PGliteOptions {
  /** Made private, see makePrivateFolder. None: the data lives in memory and ends with `close`. */
  readonly dataDir?: string | undefined
  /** What PGlite's `dumpDataDir` made: the data to begin with. */
  readonly snapshot?: Blob | undefined
  /** A statement that takes longer ends the engine, which is opened again. None: it may take any time. */
  readonly statementTimeoutMs?: number | undefined
  readonly onError: (error: unknown) => void
  /** Told when nothing will be answered from now on: only another process can open the engine again. */
  readonly onFatal?: ((error: Error) => void) | undefined
}

/** Opens the embedded PostgreSQL. Throws StartError when the folder is in use or cannot be read. */
export async function openPGlite(options: PGliteOptions): Promise<Database> {
  const { dataDir, snapshot, statementTimeoutMs, onError, onFatal } = options
  const lock = dataDir === undefined ? undefined : await lockFolder(dataDir)
  const gate = createGate()
  const wakes = createWakes(onError)
  try {
    const folder = dataDir === undefined ? undefined : join(dataDir, 'database')
    const begin = snapshot ?? (await beginningOf(folder))
    const connection = await openPGliteConnection({
      dataDir: folder,
      snapshot: await begin?.arrayBuffer(),
      statementTimeoutMs,
      wakes,
      onReopened: why => onError(new Error(why)),
      onFatal(error) {
        onError(error)
        onFatal?.(error)
      },
    })
    // PGlite makes its first files for everybody, whatever the process's umask.
    if (dataDir !== undefined) await makeContentsPrivate(join(dataDir, 'database'))
    return createDatabase({ connection, gate, wakes, lock, dataDir, onError })
  } catch (error) {
    await lock?.release()
    throw new StartError(`the embedded database cannot be opened: ${describeError(error)}`, { cause: error })
  }
}

/** What a new folder begins with; the engine makes it where nothing is prepared. */
async function beginningOf(folder: string | undefined): Promise<Blob | undefined> {
  if (folder === undefined || (await readdir(folder)).length > 0) return undefined
  return readPreparedFolder()
}

async function lockFolder(dataDir: string): Promise<DataLock> {
  try {
    await makePrivateFolder(dataDir)
    // What is in it may be from before, with other rights.
    await makePrivateFolder(join(dataDir, 'database'))
  } catch (error) {
    throw new StartError(`the data folder cannot be used: ${describeError(error)}`, { cause: error })
  }
  return acquireDataLock(dataDir)
}

/** PGlite has neither timers nor pools: nothing is set. */
const settings: SessionSettings = { prepare: true, begin: 'begin', onConnect: undefined, isLent: false }

interface Parts {
  readonly connection: PGliteConnection
  readonly gate: Gate
  readonly wakes: Wakes
  readonly lock: DataLock | undefined
  readonly dataDir: string | undefined
  readonly onError: (error: unknown) => void
}

function createDatabase({ connection, gate, wakes, lock, dataDir, onError }: Parts): Database {
  const executor = createPoolExecutor(connection, settings, 'unknown')
  const longExecutor = createPoolExecutor({ connect: connection.connectForLong }, settings, 'unknown')
  const gated = wrapExecutor(executor, gate.enter)
  const runner = createRunner(gated)
  // A database in memory does not live long enough to need it.
  const upkeep =
    dataDir === undefined
      ? undefined
      : startUpkeep({
          run: (statement, values) => gate.enter(() => longExecutor.run(statement, values)),
          isIdle: () => gate.pending() === 0,
          async freeBytes() {
            const { bavail, bsize } = await statfs(dataDir)
            return bavail * bsize
          },
          onError,
        })
  const pulse = createPulse({ run: runner.run, onError })
  let closing: Promise<void> | undefined

  async function close(): Promise<void> {
    await Promise.all([upkeep?.stop(), pulse.stop()])
    await gate.shut()
    try {
      await connection.close()
    } finally {
      await lock?.release()
    }
  }

  return {
    engine: 'pglite',
    get kysely() {
      return runner.kysely
    },
    run: runner.run,
    read: { run: runner.run },
    transaction(work, { isLong = false } = {}) {
      const lender = { connect: isLong ? connection.connectForLong : connection.connect }
      return gate.enter(() => runTransaction(lender, settings, inner => gate.inside(() => work(inner))))
    },
    async command(sql) {
      await gate.enter(() => longExecutor.execute(sql, []))
    },
    async listen(channel, wake) {
      const end = wakes.add(channel, wake)
      try {
        await gated.execute(`listen ${channel}`, [])
      } catch (error) {
        end()
        throw error
      }
      return async () => {
        if (end() && closing === undefined) await gated.execute(`unlisten ${channel}`, [])
      }
    },
    everySecond: pulse.ask,
    async ping() {
      await gated.execute('select 1', [])
    },
    stats() {
      const pending = gate.pending()
      return { total: 1, idle: pending === 0 ? 1 : 0, waiting: Math.max(0, pending - 1) }
    },
    close() {
      closing ??= close()
      return closing
    },
  }
}
