import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { startPostgres } from '../support/postgres-server.ts'
import { createCredentials } from './credentials.ts'
import { loadDataset } from './dataset.ts'
import { startDaybook } from './daybook-server.ts'
import { type BenchOptions, workersOf } from './options.ts'
import { findPostmaster } from './postmaster.ts'
import type { Bench } from './scenario.ts'
import { startServerProcess } from './server-process.ts'

/** What a crash may not lose stays safe, as in production; what would run at a random moment does not run at all. */
const postgresSettings = {
  shared_buffers: '512MB',
  synchronous_commit: 'on',
  max_wal_size: '16GB',
  checkpoint_timeout: '1h',
  autovacuum: 'off',
}

export interface RunningBench {
  readonly bench: Bench
  close(): Promise<void>
}

/** Starts PostgreSQL, Daybook (which makes the tables) and the baseline, and loads the dataset. */
export async function setUp(options: BenchOptions, say: (text: string) => void): Promise<RunningBench> {
  const { rows, seconds, profile } = options
  const workers = workersOf(options)
  const steps: (() => unknown)[] = []
  const close = async (): Promise<void> => {
    for (const step of steps.toReversed()) await step()
  }
  try {
    const postgres = await startPostgres({ fsync: true, settings: postgresSettings })
    steps.push(() => postgres.stop())
    const daybook = await startDaybook(postgres.url, profileFlags(profile))
    steps.push(() => daybook.stop())

    const loadedAt = performance.now()
    await loadDataset(postgres.url, { rows, workers })
    say(`loaded ${rows} rows in ${((performance.now() - loadedAt) / 1000).toFixed(1)} s`)

    const baselineSecret = randomBytes(32).toString('hex')
    const baseline = await startServerProcess({
      args: ['test/bench/baseline.ts'],
      env: { DATABASE_URL: postgres.url, JWT_SECRET: baselineSecret },
    })
    steps.push(() => baseline.stop())
    const bare = await startServerProcess({
      args: ['test/bench/bare.ts'],
      env: { DATABASE_URL: postgres.url },
    })
    steps.push(() => bare.stop())
    const credentials = await createCredentials({
      daybookUrl: daybook.url,
      superToken: daybook.superToken,
      baselineSecret,
    })
    const watched = { databaseUrl: postgres.url, pid: await findPostmaster(postgres.url) }
    return {
      bench: { daybook, baseline, bare, postgres: watched, credentials, rows, workers, seconds },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function profileFlags(folder: string | undefined): readonly string[] {
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(folder)}`]
}
