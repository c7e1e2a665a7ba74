import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openDatabase } from '../../src/database/open.ts'
import { fillDataFolder } from '../support/data-folder.ts'
import { createTestPostgres } from '../support/databases.ts'

// Several new PGlites, each of which takes seconds where others work at the same time.
vi.setConfig({ testTimeout: 120_000 })

test('a PGlite whose process is killed keeps every acknowledged row and opens again', async () => {
  const dataDir = await filledFolder()
  const acknowledged: number[] = []
  for (let round = 1; round <= 3; round++) {
    const writer = runProgram('pglite-writer.ts', dataDir)
    const exited = once(writer, 'exit')
    let left = 20 * round
    for await (const line of createInterface(writer.stdout)) {
      acknowledged.push(Number(line))
      left -= 1
      if (left === 0) writer.kill('SIGKILL')
    }
    expect(await exited).toEqual([null, 'SIGKILL'])
  }
  expect(await readdir(dataDir)).toContain('owner')
  const database = await openDatabase({ dataDir, onError: fail })
  const rows = await database.kysely.selectFrom('js_result').select('id').execute()
  const kept = new Set(rows.map(row => row.id))
  expect(acknowledged.filter(id => !kept.has(id))).toEqual([])
  // A row that was lost would give its id to a later one.
  expect(new Set(acknowledged).size).toBe(acknowledged.length)
  await database.close()
  expect(await readdir(dataDir)).toEqual(['database', 'server.lock'])
})

test('a closed PGlite leaves nothing open: its process ends by itself', async () => {
  expect(await outcome('dataDir', await filledFolder())).toEqual({ output: '[]', code: 0 })
})

test('a closed PostgreSQL leaves nothing open: its process ends by itself', async () => {
  const own = await createTestPostgres()
  expect(await outcome('url', own.url)).toEqual({ output: '[]', code: 0 })
  await own.drop()
})

async function outcome(kind: string, value: string): Promise<{ output: string; code: unknown }> {
  const program = runProgram('open-and-close.ts', kind, value)
  let output = ''
  program.stdout.on('data', chunk => {
    output += chunk
  })
  const [code] = await once(program, 'exit')
  return { output, code }
}

function runProgram(name: string, ...parameters: string[]) {
  const path = new URL(`../support/${name}`, import.meta.url).pathname
  return spawn(process.execPath, [path, ...parameters], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 30_000,
  })
}

/** A data folder whose database need not be made. */
async function filledFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-process-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await fillDataFolder(folder)
  return folder
}

function fail(error: unknown): never {
  throw error
}
