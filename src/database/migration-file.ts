import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { StartError } from './start-error.ts'

export interface MigrationFile {
  /** The file's name without `.sql`, e.g. `0001_core`. */
  readonly name: string
  readonly sql: string
  /** SHA-256 of the text in hex, line ends as in the repository. */
  readonly checksum: string
}

/** `sql/` of this package: as far from `src/database` as from `dist/database`. */
export const migrationFolder = new URL('../../sql/', import.meta.url)

/**
 * Earlier texts of migrations, in databases that were made from the repository before the first release: they did the same
 * (0002: a comment), or a later one makes up for it (0003: the queue was pg-boss's; 0011 moves it).
 */
const formerChecksums: ReadonlyMap<string, string> = new Map([
  ['0002_event', '541e88b82965c746303e95ea15f72ccbda3e9a559b46359822b99fc496c8d563'],
  ['0003_queue', '56e4ee6b73689d2ee36594da7758cbf3183318b112eefdb980807da0a6e81c9a'],
])

const fileName = /^\d{4}_\w+\.sql$/

/** The migrations of `folder` (a URL that ends in `/`) in order. */
export async function readMigrations(folder: URL): Promise<readonly MigrationFile[]> {
  const names = (await readdir(folder)).filter(name => fileName.test(name)).sort()
  return Promise.all(names.map(name => readMigration(folder, name)))
}

async function readMigration(folder: URL, file: string): Promise<MigrationFile> {
  const sql = (await readFile(new URL(file, folder), 'utf8')).replaceAll('\r\n', '\n')
  const checksum = createHash('sha256').update(sql).digest('hex')
  return { name: file.slice(0, -'.sql'.length), sql, checksum }
}

/**
 * Those of `files` that are not in `applied` (name to checksum). Throws StartError when an applied one has
 * changed since, or is not known here: then the database belongs to a newer Daybook.
 */
export function selectPending(
  files: readonly MigrationFile[],
  applied: ReadonlyMap<string, string>,
): readonly MigrationFile[] {
  const known = new Map(files.map(file => [file.name, file.checksum]))
  for (const [name, checksum] of applied) {
    const own = known.get(name)
    if (own === undefined) {
      throw new StartError(`the database is newer than this Daybook: it has the migration ${name}`)
    }
    if (own !== checksum && formerChecksums.get(name) !== checksum) {
      throw new StartError(`the migration ${name} has changed since it was applied`)
    }
  }
  return files.filter(file => !applied.has(file.name))
}
