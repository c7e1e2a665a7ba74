import { pause } from '../../async/pause.ts'
import type { Config } from '../../config.ts'
import type { PartitionReport } from '../../database/partitions.ts'
import { describeError } from '../../database/start-error.ts'
import type { TableSize } from '../../database/table-sizes.ts'
import { hasDatabase, openConfiguredDatabase } from '../argument/server-options.ts'

/** What one check found. */
export interface Finding {
  readonly check: string
  readonly status: 'ok' | 'fault'
  readonly detail: string
}

/** Looks at the database; changes nothing. `isReachable`: whether the server answers. Never throws. */
export async function checkDatabase(config: Config, isReachable: boolean): Promise<readonly Finding[]> {
  if (!hasDatabase(config)) return [ok('database', 'not made yet; serve makes it')]
  const { pendingMigrations } = await import('../../database/migrate.ts')
  const { deafness, hearsItself } = await import('../../database/hearing.ts')
  const { requireRights } = await import('../../database/rights.ts')
  const { readTableSizes } = await import('../../database/table-sizes.ts')
  const { reportPartitions } = await import('../../database/partitions.ts')
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
  // Only one process may open the embedded database; /readyz has checked it for us.
  if (isReachable && config.databaseUrl === undefined) return [ok('database', 'in use by the server')]
  return [database]
}

/** How many tables are named. */
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

/** A replica that keeps up shows it sooner. */
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

/** The finding that `look` describes, or a fault with its error. */
export async function check(name: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return ok(name, await look())
  } catch (error) {
    return fault(name, describeError(error))
  }
}

export function ok(name: string, detail: string): Finding {
  return { check: name, status: 'ok', detail }
}

export function fault(name: string, detail: string): Finding {
  return { check: name, status: 'fault', detail }
}
