import { once } from 'node:events'
import type { TestProject } from 'vitest/node'
import { openDatabase } from '../../../src/database/open.ts'
import { prepareConsole } from '../../../src/prepare-console.ts'
import { startSequencer } from '../../../src/stream/sequencer.ts'
import { createPostgresDatabase } from '../../support/postgres-database.ts'
import { findChromium } from './chromium.ts'
import { seed } from './seed.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The name of the database with the seeded records, and how to copy it; it is never opened. */
    seededTemplate: string
  }
}

/** Fills the database that the servers of these tests begin with. Returns what removes it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  findChromium()
  await prepareConsole()
  const { postgresUrl, postgresTemplate } = project.getProvidedContext()
  const template = await createPostgresDatabase(postgresUrl, postgresTemplate)
  await seed(template.url)
  await numberChanges(template.url)
  const [, ...howToCopy] = postgresTemplate.split(' ')
  project.provide('seededTemplate', [template.name, ...howToCopy].join(' '))
  return template.drop
}

/** Without it each server would first number a hundred thousand changes. */
async function numberChanges(url: string): Promise<void> {
  const database = await openDatabase({ url, onError })
  const sequencer = await startSequencer({ database, onError })
  try {
    const done = new AbortController()
    const stop = database.everySecond('exists (select from pending_change)', isPending => {
      if (isPending === false) done.abort()
    })
    await once(done.signal, 'abort', { signal: AbortSignal.timeout(60_000) })
    stop()
  } finally {
    await sequencer.close()
    await database.close()
  }
}

function onError(error: unknown): never {
  throw error
}
