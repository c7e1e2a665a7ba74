import { existsSync } from 'node:fs'
import { access, constants, stat } from 'node:fs/promises'
import { pause } from '../../async/pause.ts'
import type { Client } from '../../client/client.ts'
import type { Config } from '../../config.ts'
import type { PartitionReport } from '../../database/partition-report.ts'
import { describeError } from '../../database/start-error.ts'
import type { TableSize } from '../../database/table-sizes.ts'
import { describeCredential } from '../argument/access.ts'
import { type Credential, superTokenFile } from '../argument/credential.ts'
import { profilesFile } from '../argument/profiles.ts'
import { hasDatabase, openConfiguredDatabase } from '../argument/server-options.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { readReadiness } from './healthcheck.ts'

/** What one check found. */
export interface Finding {
  readonly check: string
  readonly status: 'ok' | 'fault'
  readonly detail: string
}

export interface Patient {
  readonly credential: Credential | undefined
  readonly config: Config
  readonly url: string
  readonly client: Client
  readonly env: Surroundings['env']
}

/** Looks at everything between this command and an answered request; changes nothing. Never throws. */
export async function diagnose({
  config,
  url,
  client,
  credential,
  env,
}: Patient): Promise<readonly Finding[]> {
  const { isReady, isReachable, detail } = await readReadiness(url)
  return [
    await checkDataFolder(config),
    await checkSecretFile('super token', superTokenFile(config)),
    ...(existsSync(profilesFile(env)) ? [await checkSecretFile('profiles', profilesFile(env))] : []),
    ...(await checkDatabase(config, isReachable)),
    isReady ? ok('server', `${url} is ready`) : fault('server', `${url}: ${detail}`),
    ...(isReachable ? [await checkToken(client, credential)] : []),
  ]
}

async function checkToken(client: Client, credential: Credential | undefined): Promise<Finding> {
  const finding = await check('token', async () => `${(await client.tokens.get()).token_key} is valid`)
  if (finding.status === 'ok' || credential === undefined) return finding
  return { ...finding, detail: `${finding.detail}; ${describeCredential(credential)}` }
}

function checkDataFolder({ data: dataDir }: Config): Promise<Finding> {
  return check('data folder', async () => {
    try {
      await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK)
      return dataDir
    } catch (error) {
      if (isMissing(error)) return `${dataDir} is not made yet; serve makes it`
      throw error
    }
  })
}

/** Whoever can read the file owns the servers whose tokens it holds. */
function checkSecretFile(name: string, path: string): Promise<Finding> {
  return check(name, async () => {
    try {
      const { mode } = await stat(path)
      if ((mode & 0o077) !== 0) throw new Error(`${path} can be read by others: chmod 600`)
      return path
    } catch (error) {
      if (isMissing(error)) return `no file ${path}`
      throw error
    }
  })
}

async function checkDatabase(config: Config, isReachable: boolean): Promise<readonly Finding[]> {
  if (!hasDatabase(config)) return [ok('database', 'not made yet; serve makes it')]
  const { pendingMigrations } = await import('../../database/migrate.ts')
  const { deafness, hearsItself } = await import('../../database/hearing.ts')
  const { requireRights } = await import('../../database/rights.ts')
  const { readTableSizes } = await import('../../database/table-sizes.ts')
  const { reportPartitions } = await import('../../database/partition-report.ts')
  let pending: readonly string[] = []
  const hearing: Finding[] = []
  const tables: Finding[] = []
  const database = await check('database', async () => {
    const opened = await openConfiguredDatabase(config, false)
    try {
      await opened.ping()
      await requireRights(opened, false)
      pending = await pendingMigrations(opened)
      if (pending.length > 0) await requireRights(opened, true)
      if (opened.engine === 'postgres') {
        hearing.push(
          await check('notifications', async () => {
            if (await hearsItself(opened)) return 'arrive'
            throw new Error(deafness)
          }),
        )
      }
      tables.push(await check('tables', async () => sizesText(await readTableSizes(opened))))
      if (pending.length === 0) tables.push(await checkPartitions(() => reportPartitions(opened)))
      return `${opened.engine} answers`
    } finally {
      await opened.close()
    }
  })
  if (database.status === 'ok') {
    return [database, ...hearing, ...(await checkReplica(config)), migrationsFinding(pending), ...tables]
  }
  // One process at a time may open the embedded database; /readyz has looked for us.
  if (isReachable && config.databaseUrl === undefined) return [ok('database', 'in use by the server')]
  return [database]
}

/** Tables that are named. */
const largest = 5

/** `event_log 1.5 GiB, 40 % of it indexes, about 2,000,000 rows; …`, the largest first. */
function sizesText(sizes: readonly TableSize[]): string {
  const total = sizes.reduce((sum, { bytes, indexBytes }) => sum + bytes + indexBytes, 0)
  const named = sizes.slice(0, largest).map(({ table, bytes, indexBytes, rows }) => {
    const whole = bytes + indexBytes
    const share = Math.round((100 * indexBytes) / whole)
    return `${table} ${bytesText(whole)}, ${share} % of it indexes, about ${Math.round(rows).toLocaleString('en')} rows`
  })
  return [`${bytesText(total)} in all`, ...named].join('; ')
}

function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1)
  return `${Number((bytes / 1024 ** power).toPrecision(3))} ${units[power]}`
}

async function checkPartitions(describe: () => Promise<PartitionReport>): Promise<Finding> {
  return check('ranges', async () => {
    const { detail, faults } = await describe()
    if (faults.length > 0) throw new Error(faults.join('; '))
    return detail
  })
}

/** A replica that follows shows that sooner. */
const replicaMs = 3000

async function checkReplica(config: Config): Promise<readonly Finding[]> {
  const { databaseReadUrl: readUrl, databaseReadMaxLagMs: readMaxLagMs } = config
  if (readUrl === undefined) return []
  const finding = await check('replica', async () => {
    let why: unknown = new Error(`it is more than ${readMaxLagMs} ms behind: it is not used`)
    const onError = (error: unknown): void => {
      why = error
    }
    const opened = await openConfiguredDatabase(config, false, { readUrl, readMaxLagMs, onError })
    try {
      for (const began = performance.now(); performance.now() - began < replicaMs; await pause(50)) {
        if (opened.replica?.().isUsed) return 'follows closely'
      }
      throw why
    } finally {
      await opened.close()
    }
  })
  return [finding]
}

function migrationsFinding(pending: readonly string[]): Finding {
  if (pending.length === 0) return ok('migrations', 'up to date')
  return fault('migrations', `to apply, by serve or migrate: ${pending.join(', ')}`)
}

async function check(name: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return ok(name, await look())
  } catch (error) {
    return fault(name, describeError(error))
  }
}

function ok(name: string, detail: string): Finding {
  return { check: name, status: 'ok', detail }
}

export function fault(name: string, detail: string): Finding {
  return { check: name, status: 'fault', detail }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
