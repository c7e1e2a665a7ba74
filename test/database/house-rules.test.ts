import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = new URL('../../', import.meta.url).pathname

/** Every file that holds SQL, but for the two that may speak of sessions. */
const files = ['src', 'sql'].flatMap(folder =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(path => /\.(?:ts|sql)$/.test(path))
    .map(path => join(folder, path)),
)

function findings(pattern: RegExp, except: readonly string[] = []): string[] {
  return files
    .filter(path => !except.includes(path))
    .flatMap(path => {
      const found = pattern.exec(readFileSync(join(root, path), 'utf8'))
      return found === null ? [] : [`${path}: ${found[0]}`]
    })
}

test('no SQL needs a session: a pooler may lend each transaction another connection', () => {
  const needsSession =
    /\bpg_(?:try_)?advisory_(?:lock|unlock)\w*|\bcreate temp\w*|\bset session\b|\bwith hold\b/i
  expect(findings(needsSession)).toEqual([])
  const listens =
    /[`'"](?:un)?listen |\bset (?!local\b)(?:statement_timeout|timezone|jit|search_path|role)\b/i
  // The embedded engine's one session is its own, and a command's connection, where it is no pooler's, ends with it.
  const listeners = ['postgres-listener', 'postgres-executor', 'pglite', 'pglite-connection'].map(
    name => `src/database/${name}.ts`,
  )
  expect(findings(listens, listeners)).toEqual([])
})

test('no SQL makes or names a schema: everything is in the first of the search_path', () => {
  const namesSchema = /\bcreate (?:schema|extension|role)\b(?! \$\{)|\bpublic\.\w|\bset schema\b/i
  expect(findings(namesSchema)).toEqual([])
})
