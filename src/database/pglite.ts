import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { PGlite, PGliteOptions } from '@electric-sql/pglite'
import { makeContentsPrivate, makePrivateFolder } from '../private-folder.ts'
import { columnParsers, oid } from './column-value.ts'
import { acquireDataLock, type DataLock } from './data-lock.ts'
import type { Database } from './database.ts'
import { requireChannel, safeWake } from './listen.ts'
import { parameterText } from './parameter-value.ts'
import { startEngine } from './pglite-engine.ts'
import { createGate } from './pglite-gate.ts'
import { createPGliteSession, runPGliteTransaction } from './pglite-session.ts'
import { readPreparedFolder } from './prepared-folder.ts'
import { createRunner, type Session } from './runner.ts'
import { describeError, StartError } from './start-error.ts'

export interface PGliteDatabaseOptions {
  /** Made private, see makePrivateFolder. None: the data lives in memory and ends with `close`. */
  readonly dataDir?: string | undefined
  /** What PGlite's `dumpDataDir` made: the data to begin with. */
  readonly snapshot?: Blob | undefined
  readonly onError: (error: unknown) => void
}

/** Opens the embedded PostgreSQL. Throws StartError when the folder is in use or cannot be read. */
export async function openPGlite(options: PGliteDatabaseOptions): Promise<Database> {
  const { dataDir, snapshot, onError } = options
  const lock = dataDir === undefined ? undefined : await lockFolder(dataDir)
  try {
    const folder = dataDir === undefined ? undefined : join(dataDir, 'database')
    const begin = snapshot ?? (await beginningOf(folder))
    const pglite = await startEngine({
      ...engineOptions,
      ...(folder === undefined ? {} : { dataDir: folder }),
      ...(begin === undefined ? {} : { loadDataDir: begin }),
    })
    // PGlite makes its first files for everybody, whatever the process's umask.
    if (dataDir !== undefined) await makeContentsPrivate(join(dataDir, 'database'))
    return createDatabase(pglite, lock, onError)
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

const textTypes = [25, 1042, 1043]
const engineOptions: PGliteOptions = {
  parsers: Object.fromEntries(columnParsers),
  serializers: Object.fromEntries([...Object.values(oid), ...textTypes].map(type => [type, parameterText])),
}

function createDatabase(
  pglite: PGlite,
  lock: DataLock | undefined,
  onError: (error: unknown) => void,
): Database {
  const gate = createGate()
  let crashed = false
  let closing: Promise<void> | undefined

  function onCrash(): void {
    crashed = true
    gate.giveUp()
    onError(new Error('the embedded database has crashed; only a restart helps'))
  }

  const { run, execute } = createPGliteSession(pglite, onCrash)
  const session: Session = {
    run: (statement, values) => gate.enter(() => run(statement, values)),
    execute: (sql, parameters) => gate.enter(() => execute(sql, parameters)),
  }
  const runner = createRunner(session)

  async function close(): Promise<void> {
    gate.shut()
    try {
      if (!crashed) await pglite.close()
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
    transaction: work =>
      gate.enter(() => runPGliteTransaction(pglite, onCrash, inner => gate.inside(() => work(inner)))),
    async listen(channel, wake) {
      requireChannel(channel)
      const end = await gate.enter(() => pglite.listen(channel, safeWake(wake, onError)))
      return async () => {
        if (closing === undefined) await end()
      }
    },
    async ping() {
      await session.execute('select 1', [])
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
