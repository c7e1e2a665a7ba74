import { setFlagsFromString } from 'node:v8'
import { PGlite, type PGliteOptions } from '@electric-sql/pglite'

/**
 * Starts PGlite with as little memory as it runs well with: 140 MB where it takes 420 by itself, and 1.1 GB while V8
 * optimizes it.
 */
export function startEngine(options: PGliteOptions): Promise<PGlite> {
  return withBaseline(() => PGlite.create({ ...options, startParams, initDbStartParams }))
}

const startParams: string[] = [
  ...PGlite.defaultStartParams,
  ...['shared_buffers=32MB', 'min_wal_size=4MB'].flatMap(setting => ['-c', setting]),
]

/** Segments of the write-ahead log of 1 MB instead of 16: a new folder is half as large. */
const initDbStartParams = ['--wal-segsize=1']

// V8 needs 600 MB for one of PGlite's functions alone. Its baseline compiler takes next to nothing, and its code runs a
// query in about 15 % more time. What a module is compiled by is settled while it is instantiated.
const baseline = ['--liftoff-only', '--no-wasm-tier-up', '--no-wasm-dynamic-tiering']
const standard = ['--no-liftoff-only', '--wasm-tier-up', '--wasm-dynamic-tiering']
let starting = 0

/** The flags are the process's: scripts in threads of their own shall have their code optimized. */
async function withBaseline<T>(start: () => Promise<T>): Promise<T> {
  if (starting++ === 0) baseline.forEach(setFlagsFromString)
  try {
    return await start()
  } finally {
    if (--starting === 0) standard.forEach(setFlagsFromString)
  }
}
