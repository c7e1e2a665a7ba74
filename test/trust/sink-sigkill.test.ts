import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createClient, type NewSinkTarget } from '../../src/client/client.ts'
import type { Database } from '../../src/database/database.ts'
import { openDatabase } from '../../src/database/open.ts'
import { rawStatement } from '../../src/database/statement.ts'
import { newWebhookSecret } from '../../src/outbound/webhook.ts'
import { bodyOf, listenHttp } from '../outbound/listener.ts'
import { addStream, connectNats, hasNats, readStream, startNats } from '../sink/nats-server.ts'
import { createTestPostgres } from '../support/databases.ts'
import { dataFolder, serveDaybook, superToken, type Variables } from './daybook-process.ts'
import { rounds } from './rounds.ts'

const kills = rounds(5)
const events = 500 * kills
const batchSize = 20
const allNumbers = Array.from({ length: events }, (_, i) => i + 1)

/** What a receiver was sent in one post, in the order in which the posts came. */
interface Post {
  readonly numbers: readonly number[]
  isConfirmed: boolean
}

test('sinks lose nothing when their server is killed again and again', {
  timeout: kills * 10_000,
}, async ({ annotate }) => {
  const own = await createTestPostgres()
  onTestFinished(own.drop)
  const database = await openDatabase({ url: own.url, onError: () => undefined })
  onTestFinished(() => database.close())
  const receiver = await failingReceiver()
  const nats = hasNats ? await startNats() : undefined
  if (nats !== undefined) await addStream(await connectNats(nats.port))
  const folder = await dataFolder()
  const variables: Variables = {
    DATABASE_URL: own.url,
    DAYBOOK_DATA: folder,
    DAYBOOK_LEASE_MS: '1000',
    DAYBOOK_OUTBOUND_ALLOW: '127.0.0.1',
  }
  let next = serveDaybook(variables)
  const targets: readonly NewSinkTarget[] = [
    { webhook: { url: receiver.url, secret: newWebhookSecret() } },
    { file: { name: 'out', max_bytes: 200_000, keep: 100 } },
    ...(nats ? [{ nats: { servers: [`127.0.0.1:${nats.port}`], subject: 'daybook.results' } }] : []),
  ]
  const client = createClient({ url: (await next).url, token: superToken })
  for (const target of targets) {
    const name = Object.keys(target).join()
    const sink = {
      name,
      resource: 'js-result',
      query: { condition: [] },
      target,
      batch_size: batchSize,
    } as const
    await client.call('sink_create', sink)
  }

  let stalled = 0
  for (let round = 0; round < kills; round++) {
    const working = await next
    const before = receiver.posts.length
    await recordResults(database, events / kills)
    await vi.waitUntil(() => receiver.posts.length > before, { timeout: 20_000, interval: 5 })
    // Its successor comes up meanwhile: a start takes longer than all the rest.
    next = serveDaybook(variables)
    await sleep(Math.random() * 60)
    if (await isBehind(database)) stalled++
    await working.kill()
    // Its successor need not wait each time until the lease of the dead has ended.
    if (round % 5 !== 0) await endLeases(database)
  }
  await next
  await vi.waitUntil(async () => !(await isBehind(database)), { timeout: 60_000, interval: 50 })
  // Most of them were killed in the middle of something.
  expect(stalled).toBeGreaterThan(kills / 2)

  const confirmed = receiver.posts.filter(post => post.isConfirmed).flatMap(post => post.numbers)
  const posted = new Set(confirmed)
  expect(allNumbers.filter(number => !posted.has(number))).toEqual([])
  expect(wrongPosts(receiver.posts)).toEqual([])
  expect(wrongPlaces(await linesIn(join(folder, 'sinks')))).toEqual([])
  if (nats !== undefined) {
    const stream = await readStream(await connectNats(nats.port))
    expect(wrongPlaces(stream.map(message => message.value.sequence_number))).toEqual([])
  }
  const again = receiver.posts.flatMap(post => post.numbers).length - events
  expect(again).toBeGreaterThan(0)
  await annotate(`${kills} kills, ${events} changes, ${again} sent again, NATS: ${hasNats}`)
})

/** Where the numbers are anything but 1, 2, 3 … to the last, each once: what should be there, and what is. */
function wrongPlaces(numbers: readonly number[]): readonly unknown[] {
  const length = Math.max(numbers.length, events)
  const places = Array.from({ length }, (_, i) => [allNumbers[i], numbers[i]])
  return places.filter(([expected, found]) => expected !== found).slice(0, 10)
}

/** Posts that began anywhere but behind what is confirmed, or at the last batch whose confirmation may be lost. */
function wrongPosts(posts: readonly Post[]): readonly Post[] {
  let isWrong = false
  /** The last batch that was answered with a 2xx, and whether its sender is known to have read that. */
  let last = { first: 1, end: 0 }
  return posts.filter(({ numbers, isConfirmed }) => {
    const first = numbers[0] ?? 0
    const isDense = numbers.every((number, i) => number === first + i)
    isWrong = !isDense || (first !== last.end + 1 && first !== last.first)
    if (isConfirmed) last = { first, end: numbers.at(-1) ?? 0 }
    return isWrong
  })
}

/** Fails for one post in ten, half of them after it has taken what was sent. */
async function failingReceiver() {
  const posts: Post[] = []
  const { port } = await listenHttp(async (request, response) => {
    const body: { items: { sequence_number: number }[] } = JSON.parse(await bodyOf(request))
    const luck = Math.random()
    const post: Post = {
      numbers: body.items.map(item => item.sequence_number),
      isConfirmed: luck >= 0.1,
    }
    posts.push(post)
    if (luck < 0.05) return void request.socket.destroy()
    response.writeHead(post.isConfirmed ? 200 : 500).end()
  })
  return { posts, url: `http://127.0.0.1:${port}/` }
}

const record = rawStatement(
  `insert into js_result (js_worker_name, run_type, param)
   select 'sink', 'call', jsonb_build_object('text', repeat('x', 20)) from generate_series(1, $1::int)`,
)

/** In statements of their own, as many clients would. */
async function recordResults(database: Database, count: number): Promise<void> {
  const statements = 10
  for (let i = 0; i < statements; i++) await database.run(record, [count / statements])
}

const end = rawStatement('delete from server_lease where id in (select owner from sink)')
const tell = rawStatement("select pg_notify('daybook_sink', '')")

async function endLeases({ run }: Database): Promise<void> {
  await run(end, [])
  await run(tell, [])
}

const behind = rawStatement(
  `select count(*) from sink s left join stream_position p on p.resource = s.resource
   where s.cursor < coalesce(p.last_number, 0) or exists (select from pending_change)`,
)

async function isBehind({ run }: Database): Promise<boolean> {
  return Number((await run(behind, [])).rows[0]?.[0]) > 0
}

/** The numbers of all lines of the sink's files, in the order in which these were written. */
async function linesIn(folder: string): Promise<readonly number[]> {
  const files = (await readdir(folder)).filter(file => file.startsWith('out-')).sort()
  const texts = await Promise.all([...files, 'out.ndjson'].map(file => readFile(join(folder, file), 'utf8')))
  return texts.flatMap(text =>
    text
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line).sequence_number),
  )
}
