import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite, type PGliteOptions } from '@electric-sql/pglite'

/** Starts PGlite with as little memory as it runs well with; see also withBaseline. */
export async function startEngine(options: PGliteOptions): Promise<PGlite> {
  const all = [...settings, ...(await logSettings(options.dataDir))]
  const startParams = [...PGlite.defaultStartParams, ...all.flatMap(each => ['-c', each])]
  return PGlite.create({ ...options, startParams, initDbStartParams })
}

const settings = [
  'shared_buffers=32MB',
  // Of what it writes we keep why it ended, and never statements, which hold what clients sent.
  'log_min_messages=fatal',
  'log_min_error_statement=panic',
  'log_error_verbosity=terse',
]

/** Segments of the write-ahead log of 1 MB instead of 16: a new folder is half as large. */
const initDbStartParams = ['--wal-segsize=1']

/** A folder of earlier has segments of 16 MB, and PostgreSQL does not start where the log may not have two of them. */
async function logSettings(dataDir: string | undefined): Promise<readonly string[]> {
  const folder = join(dataDir ?? '', 'pg_wal')
  const names = dataDir === undefined ? [] : await readdir(folder).catch(() => [])
  const segment = names.find(name => /^[\dA-F]{24}$/.test(name))
  const bytes = segment === undefined ? 0 : (await stat(join(folder, segment))).size
  return bytes > 2 ** 20
    ? ['min_wal_size=32MB', 'max_wal_size=32MB']
    : ['min_wal_size=4MB', 'max_wal_size=16MB']
}
