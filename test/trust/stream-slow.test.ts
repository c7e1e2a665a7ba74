import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createClient } from '../../src/client/client.ts'
import { numbersTo } from '../stream/recording-subscriber.ts'
import { openTestPostgres, type TestPostgres } from '../stream/test-postgres.ts'
import { createTestData, type TestData } from '../wire/support/data.ts'
import { type DaybookProcess, startDaybook, superToken } from './daybook-process.ts'
import { peakMemory, resetPeakMemory } from './memory.ts'
import { rounds } from './rounds.ts'

const readers = 10
/** The full run has 20,000: any DAYBOOK_TRUST_ROUNDS asks for it. */
const events = rounds(0) > 0 ? 20_000 : 6000
const eventBytes = 10_000
/** Rows of one insert; the readers are no more than two of them behind, so that what waits for them is little. */
const batch = 50

/** A client that reads, and what it got; nothing of it is parsed that need not be. */
interface Reader {
  readonly numbers: number[]
  /** Why it was ended, and the last number it was told. */
  ended: { readonly reason: string; readonly number: number } | undefined
  readonly socket: WebSocket
}

describe('one that never reads beside ten that do', () => {
  let data: TestData
  let server: DaybookProcess
  let postgres: TestPostgres
  /** The last number there is. */
  let last = 0

  beforeAll(async () => {
    data = await createTestData('postgres')
    // Otherwise it is the mood of the garbage collector that is measured: it lets hundreds of MiB lie about.
    server = await startDaybook({
      ...data.env,
      NODE_OPTIONS: '--max-old-space-size=192 --max-semi-space-size=4',
    })
    postgres = await openTestPostgres(data)
  })
  afterAll(async () => {
    await postgres.end()
    await server.kill()
    await data.remove()
  })

  async function subscribe(): Promise<Reader> {
    const socket = new WebSocket(server.url.replace('http', 'ws'), { skipUTF8Validation: true })
    await once(socket, 'open')
    const params = { token: superToken, query: { condition: [] } }
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'service-event_subscribe', params }))
    await once(socket, 'message')
    const reader: Reader = { numbers: [], ended: undefined, socket }
    socket.on('message', message => {
      const head = (message as Buffer).toString('latin1', 0, 200)
      const number = Number(/"cursor":"(\d+)"/.exec(head)?.[1])
      const [, type, reason] = /"type":"(\w+)"(?:,"reason":"(\w+)")?/.exec(head) ?? []
      if (type === 'end') reader.ended = { reason: String(reason), number }
      else if (type === 'row') reader.numbers.push(number)
    })
    return reader
  }

  /** Writes so many events past the server, as fast as the slowest of those that read. */
  async function write(count: number, reading: readonly Reader[]): Promise<void> {
    const target = last + count
    while (last < target) {
      await postgres.query(
        `insert into service_event (project_id, service_id, service_name, event_type, event_info, occur_time)
         select 'p', 's', 'n', 'normal', repeat('x', $2), now() from generate_series(1, $1::int)`,
        [batch, eventBytes],
      )
      last += batch
      const behind = () => reading.filter(({ numbers }) => (numbers.at(-1) ?? 0) < last - 2 * batch)
      while (behind().length > 0) await new Promise(resolve => setTimeout(resolve, 2))
    }
    await expect
      .poll(() => reading.every(({ numbers }) => numbers.at(-1) === last), { timeout: 20_000 })
      .toBe(true)
  }

  /** Resolves to the most memory that the server held, MiB. */
  async function measure(count: number, reading: readonly Reader[]): Promise<number> {
    await resetPeakMemory(server.pid)
    await write(count, reading)
    return peakMemory(server.pid)
  }

  test('is ended and misses nothing, and the server holds no more than 32 MiB for it', async () => {
    const reading = await Promise.all(Array.from({ length: readers }, subscribe))
    // The heap grows to what it needs, with and without.
    await write(events / 4, reading)
    // As many as beside the slow one: the collector lets more lie about the longer it goes on.
    const without = await measure(events, reading)
    for (const { numbers } of reading) numbers.splice(0)

    const slow = await subscribe()
    slow.socket.pause()
    const before = last
    const beside = await measure(events, reading)
    expect(beside - without).toBeLessThanOrEqual(32)

    for (const { numbers, ended } of reading) {
      expect(ended).toBeUndefined()
      expect(numbers).toEqual(numbersTo(last, before + 1))
    }
    slow.socket.resume()
    await expect.poll(() => slow.ended, { timeout: 10_000 }).toMatchObject({ reason: 'too_slow' })
    const reached = slow.ended?.number ?? before
    expect(slow.numbers).toEqual(numbersTo(reached, before + 1))
    expect(reached).toBeLessThan(last)

    const numbers: number[] = []
    const client = createClient({ url: server.url, token: superToken })
    for await (const { cursor } of client.subscribe('service-event', [], { after: reached })) {
      numbers.push(Number(cursor))
      if (Number(cursor) === last) break
    }
    expect(numbers).toEqual(numbersTo(last, reached + 1))
    for (const { socket } of [...reading, slow]) socket.terminate()
  }, 180_000)
})
