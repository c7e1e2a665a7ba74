import { PGlite, type PGliteOptions } from '@electric-sql/pglite'

/** Starts PGlite with as little memory as it runs well with; see also withBaseline. */
export function startEngine(options: PGliteOptions): Promise<PGlite> {
  return PGlite.create({ ...options, startParams, initDbStartParams })
}

const settings = [
  'shared_buffers=32MB',
  'min_wal_size=4MB',
  'max_wal_size=16MB',
  // Of what it writes we keep why it ended, and never statements, which hold what clients sent.
  'log_min_messages=fatal',
  'log_min_error_statement=panic',
  'log_error_verbosity=terse',
]
const startParams: string[] = [...PGlite.defaultStartParams, ...settings.flatMap(each => ['-c', each])]

/** Segments of the write-ahead log of 1 MB instead of 16: a new folder is half as large. */
const initDbStartParams = ['--wal-segsize=1']
