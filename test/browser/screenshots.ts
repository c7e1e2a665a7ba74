import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { startApp } from '../../src/app/app.ts'
import { createClient } from '../../src/client/client.ts'
import { readConfig } from '../../src/config.ts'
import { migrate } from '../../src/database/migrate.ts'
import { openDatabase } from '../../src/database/open.ts'
import { createLogger } from '../../src/logger.ts'
import { prepareConsole } from '../../src/prepare-console.ts'
import { createPostgresDatabase } from '../support/postgres-database.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { launchChromium } from './support/chromium.ts'
import { seed, seeded } from './support/seed.ts'

// Draws every screen of the console, light and dark, into docs/console: `npm run screenshots`.
const folder = fileURLToPath(new URL('../../docs/console/', import.meta.url))
const token = 'ScreenshotsKey12:ScreenshotsSecret0123456789abcde'
const size = { width: 1280, height: 800 }

/** Beside the screens that the navigation lists: one record, and one chain. */
const further = {
  record: `records/js-result?condition=${encodeURIComponent('["is_failure"]')}&record=${seeded.jsResults + 1}`,
  chain: `chain/${seeded.chain}`,
}

const closing: (() => Promise<unknown>)[] = []
try {
  await draw()
} finally {
  for (const close of closing.reverse()) await close()
}

async function draw(): Promise<void> {
  await prepareConsole()
  const url = await startServer()
  await fill(url)
  const browser = await launchChromium()
  closing.push(() => browser.close())
  await mkdir(folder, { recursive: true })
  let bytes = 0
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await openConsole(browser, url, colorScheme)
    for (const [name, place] of await placesOf(page)) {
      await page.goto(`${url}/console/#/${place}`)
      await page.waitForTimeout(3000)
      const picture = await capture(page)
      bytes += picture.length
      await writeFile(join(folder, `${name}-${colorScheme}.webp`), picture)
    }
  }
  process.stdout.write(`${Math.round(bytes / 1000)} kB of pictures in docs/console\n`)
}

async function startServer(): Promise<string> {
  const given = process.env.TEST_DATABASE_URL
  const server = given === undefined ? await startPostgres() : undefined
  if (server !== undefined) closing.push(server.stop)
  const own = await createPostgresDatabase(given ?? server?.url ?? '')
  closing.push(own.drop)
  const database = await openDatabase({
    url: own.url,
    onError(error) {
      throw error
    },
  })
  await migrate(database)
  await database.close()
  await seed(own.url)
  const data = await mkdtemp(join(tmpdir(), 'daybook-screenshots-'))
  closing.push(() => rm(data, { recursive: true, force: true }))
  const env = {
    DATABASE_URL: own.url,
    DAYBOOK_DATA: data,
    DAYBOOK_SUPER_TOKEN: token,
    PORT: '0',
    LOG_LEVEL: 'error',
  }
  const app = await startApp(readConfig({ env }), createLogger({ level: 'error' }))
  closing.push(app.close)
  return app.url
}

/** What the screens that manage have to show. */
async function fill(url: string): Promise<void> {
  const client = createClient({ url, token })
  const script = `export default {
  async onCall(params) {
    console.log('greeting', params.name)
    return { greeting: \`Hello, \${params.name}!\` }
  },
  async onEvent(event) {
    console.log('event of', event.sender)
    return 'confirmed'
  },
}
`
  await client.call('js-worker_create', {
    name: 'greeter',
    js_script_base64: Buffer.from(script).toString('base64'),
  })
  await client.call('event-handler_create', {
    full_name: 'orders.confirm',
    sender: 'orders',
    target: { kind: 'js_worker', name: 'greeter' },
  })
  await client.call('event_send', { sender: 'orders', kwargs: { name: 'Ada' }, wait_ms: 10_000 })
  await client.call('sink_create', {
    name: 'failures to a file',
    resource: 'js-result',
    query: { condition: ['is_failure'] },
    target: { file: { name: 'failures.ndjson' } },
  })
  await client.call('retention_set', {
    resource: 'js-result',
    query: { condition: ['is_success'] },
    older_than_ms: 30 * 86_400_000,
  })
  const failing = { name: 'too many failures', resource: 'js-result', query: { condition: ['is_failure'] } }
  const firing = {
    window_ms: 3_600_000,
    every_ms: 1000,
    when: { at_least: 50 },
    event: { sender: 'monitor' },
  }
  await client.call('monitor_create' as string, { ...failing, ...firing })
  const limits = [{ scopes: [{ js_worker: 'invoice_*' }], permissions: [{ js_result: { read: '*' } }] }]
  await client.tokens.create({
    username: 'auditor',
    password: 'reads invoices',
    token_limit: limits as never,
  })
  await client.delete('js-result', [{ js_worker_name: 'thumbnails' }, 'is_failure'])
}

async function openConsole(browser: Browser, url: string, colorScheme: 'light' | 'dark'): Promise<Page> {
  const page = await browser.newPage({ viewport: size, colorScheme, timezoneId: 'UTC', locale: 'en' })
  await page.goto(`${url}/console/`)
  await page.evaluate(
    `sessionStorage.setItem('daybook.session', '${JSON.stringify({ token, name: 'root' })}')`,
  )
  await page.reload()
  await page.getByRole('navigation').first().waitFor()
  return page
}

/** Every screen by its name. */
async function placesOf(page: Page): Promise<readonly (readonly [string, string])[]> {
  const links = await page
    .getByRole('navigation')
    .first()
    .getByRole('link')
    .evaluateAll(found => found.map(link => String(link.getAttribute('href')).replace('#/', '')))
  const listed = links.map(place => [place.replace(/\W.*/, '') || 'overview', place] as const)
  const others = Object.entries(further)
  return [...listed.filter(([name]) => !Object.hasOwn(further, name)), ...others]
}

/** WebP: less than half of what PNG takes. */
async function capture(page: Page): Promise<Buffer> {
  const session = await page.context().newCDPSession(page)
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 75 })
  await session.detach()
  return Buffer.from(data, 'base64')
}
