import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const run = promisify(execFile)

const program = `
import { type Client, createClient, type Row } from './client/client.js'

const client: Client = createClient({ url: 'http://127.0.0.1:7411' })
const rows: readonly Row<'js-result'>[] = await client.query('js-result', ['is_failure', { run_type_in: ['call'] }])
const names: readonly string[] = rows.map(row => row.js_worker_name)
const { tasks } = await client.call('event-task_claim', { full_names: names, wait_ms: 100 })
export const attempts: readonly number[] = tasks.map(task => task.attempt)
// @ts-expect-error: there is no such condition
await client.query('js-result', [{ js_worker: 'a' }])
// @ts-expect-error: a number, not a text
export const text: string = tasks[0].attempt
`

const compilerOptions = {
  strict: true,
  noEmit: true,
  module: 'nodenext',
  target: 'es2024',
  types: [],
  lib: ['es2024', 'dom', 'dom.asynciterable'],
}

test('the published types of the client need no package and no file of the server', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-types-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const tsc = (...args: readonly string[]) =>
    run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...args], { cwd: folder })
  await tsc('-p', join(root, 'tsconfig.client.json'), '--outDir', folder)

  const reached = await reachableFrom(join(folder, 'client/client.d.ts'))
  const others = [...reached].map(file => relative(folder, file)).filter(file => !file.startsWith('client/'))
  expect(others).toEqual(['errors.d.ts'])
  // A list stays a list: written out member by member it would be no array.
  expect(await readFile(join(folder, 'client/wire.d.ts'), 'utf8')).not.toContain('toLocaleString')

  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  await writeFile(join(folder, 'program.ts'), program)
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }))
  await tsc('-p', folder)
})

/** The files that a .d.ts refers to; a package is reached under its name. */
async function reachableFrom(file: string, seen = new Set<string>()): Promise<ReadonlySet<string>> {
  if (seen.has(file)) return seen
  seen.add(file)
  const text = await readFile(file, 'utf8')
  for (const [, target = ''] of text.matchAll(/(?:from|import\()\s*['"]([^'"]+)['"]/g)) {
    if (!target.startsWith('.')) seen.add(target)
    else await reachableFrom(resolve(dirname(file), target.replace(/\.ts$/, '.d.ts')), seen)
  }
  return seen
}
