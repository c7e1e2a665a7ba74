import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { type Client, createClient } from '../../src/client/client.ts'
import { createTestPostgres } from '../support/databases.ts'
import { type DaybookProcess, startDaybook, superToken, type Variables } from './daybook-process.ts'
import { peakMemory, resetPeakMemory } from './memory.ts'
import { startReaders } from './readers.ts'

export interface AttackedServer {
  readonly url: string
  readonly client: Client
  /** Of its PostgreSQL. */
  readonly databaseUrl: string
  readonly process: DaybookProcess
}

/** One server for all tests of a file, on a PostgreSQL of its own. */
export function serveForFile(variables: Variables = {}): () => AttackedServer {
  let server: AttackedServer | undefined
  let close = async (): Promise<void> => undefined
  beforeAll(async () => {
    const database = await createTestPostgres()
    const folder = await mkdtemp(join(tmpdir(), 'daybook-trust-'))
    const process = await startDaybook({ DATABASE_URL: database.url, DAYBOOK_DATA: folder, ...variables })
    const { url } = process
    server = {
      url,
      client: createClient({ url, token: superToken, timeoutMs: 120_000 }),
      databaseUrl: database.url,
      process,
    }
    close = async () => {
      await process.kill()
      await database.drop()
      await rm(folder, { recursive: true })
    }
  })
  afterAll(() => close())
  return () => {
    if (server === undefined) throw new Error('only tests may use the server')
    return server
  }
}

/**
 * Attacks a server while others use it: they are all answered, the server lives on, and holds at most `maxMemory`
 * MiB meanwhile (which only Linux tells).
 */
export async function expectUnharmed<T>(
  { url, process }: AttackedServer,
  maxMemory: number,
  attack: () => Promise<T>,
): Promise<T> {
  const isMeasured = globalThis.process.platform === 'linux'
  if (isMeasured) await resetPeakMemory(process.pid)
  const others = startReaders({ url, clients: 2 })
  const outcome = await attack()
  const before = others.answered()
  await expect.poll(() => others.answered(), { timeout: 20_000 }).toBeGreaterThan(before)
  await others.stop()
  expect(others.refusals).toEqual([])
  expect(process.isRunning()).toBe(true)
  if (isMeasured) expect(await peakMemory(process.pid)).toBeLessThan(maxMemory)
  return outcome
}
