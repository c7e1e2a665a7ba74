import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, onTestFinished } from 'vitest'
import { createPostgresDatabase } from '../../support/postgres-database.ts'
import { type AppOptions, startOn, type TestApp } from '../../wire/support/app.ts'
import type { TestData } from '../../wire/support/data.ts'
import { launchChromium } from './chromium.ts'
import { watchFaults } from './faults.ts'

/** A browser and a server with the seeded records, for the tests of one file. */
export interface Stage {
  readonly browser: Browser
  readonly app: TestApp
  /**
   * Opens a tab of its own, with nothing stored, which is closed after the test. The test fails if the page has an error,
   * breaks its Content-Security-Policy or asks another host; `expected` faults, as parts of their text, are none.
   */
  open(path?: string, options?: OpenOptions): Promise<Page>
}

export interface OpenOptions extends BrowserContextOptions {
  /** Of another server than the stage's. */
  readonly url?: string
  readonly expected?: readonly RegExp[]
}

/** Starts a stage before the tests of a file, and ends it after them. */
export function setStage(env: AppOptions['env'] = {}): Stage {
  let browser: Browser
  let app: TestApp
  const closing: (() => Promise<void>)[] = []
  beforeAll(async () => {
    browser = await launchChromium()
    closing.push(() => browser.close())
    const data = await copySeeded()
    closing.push(data.remove)
    app = await startOn(data, env)
    closing.push(() => app.close())
  })
  afterAll(async () => {
    for (const close of closing.reverse()) await close()
  })
  return {
    get browser() {
      return browser
    },
    get app() {
      return app
    },
    async open(path = '/console/', { expected = [], url = app.url, ...options } = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
      const faults = watchFaults(context, new URL(url).origin)
      onTestFinished(async () => {
        await context.close()
        const unexpected = faults().filter(fault => !expected.some(pattern => pattern.test(fault)))
        expect(unexpected, 'what the page did wrong').toEqual([])
      })
      const page = await context.newPage()
      page.setDefaultTimeout(15_000)
      await page.goto(new URL(path, url).href)
      return page
    },
  }
}

/** A copy of the seeded database, and an empty data folder. */
export async function copySeeded(): Promise<TestData> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-browser-'))
  const { url, drop } = await createPostgresDatabase(inject('postgresUrl'), inject('seededTemplate'))
  return {
    env: { DAYBOOK_DATA: folder, DATABASE_URL: url },
    postgresUrl: url,
    remove: () => drop().finally(() => rm(folder, { recursive: true, force: true })),
  }
}
