import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TokenLimit } from '../../src/permission/limit.ts'
import { resources } from '../../src/resource/kind/index.ts'
import type { Resource } from '../../src/resource/resource.ts'
import { type EventStream, openEventStream } from '../http/event-stream.ts'
import { someLimits, someName } from '../permission/random-limit.ts'
import { plainRow } from '../resource/record-rows.ts'
import { openPushSocket, type PushSocket, rowsOf, type Subscribing } from '../stream/push-socket.ts'
import { serveSuite } from '../stream/served-suite.ts'

const tokenCount = 200
const nameCount = 40
/** Each connection may have a hundred. */
const socketCount = 6

/** What a token gets of a resource, and by what. */
interface Following {
  readonly token: string
  readonly resource: Resource
  /** The keys of the rows so far, or undefined where it is denied. */
  readonly keys: () => readonly number[] | undefined
}

describe('200 random tokens', () => {
  const served = serveSuite()
  const { wire } = served

  async function record(resource: Resource, names: readonly string[], round: number): Promise<void> {
    const rows = names.map(name => plainRow(resource, name, round))
    if (resource.recorded === 'append') await wire.result(`${resource.name}_append`, { rows })
    else if (resource.recorded === 'keep') await served.postgres.keep(names)
    else await served.postgres.publish(names)
  }

  const byStream = async (token: string, resource: Resource): Promise<Following> => {
    const query = { resource: resource.name, after: '0' }
    const headers = { authorization: `Bearer ${token}` }
    const stream: EventStream = await openEventStream(served.app.url, { query, headers })
    if (stream.status === 403) return { token, resource, keys: () => undefined }
    expect(stream.status).toBe(200)
    const keys = () => stream.events().map(({ data: row = '' }) => keyOf(resource, JSON.parse(row)))
    return { token, resource, keys }
  }

  const bySocket = async (socket: PushSocket, token: string, resource: Resource): Promise<Following> => {
    const asked = { token, query: { condition: [] }, after: 0 }
    const answer = await socket.call(`${resource.name}_subscribe`, asked)
    if ('error' in (answer as object)) {
      expect(answer).toMatchObject({ error: { code: 102, data: { reason: 'permission_denied' } } })
      return { token, resource, keys: () => undefined }
    }
    const { result: subscription } = answer as Subscribing
    return { token, resource, keys: () => rowsOf(socket, subscription).map(row => keyOf(resource, row)) }
  }

  test('see over streams and subscriptions what a query shows them, and nothing else', async () => {
    const parts = fc.tuple(someName, someName).map(each => each.join(''))
    const some = fc.uniqueArray(parts, { minLength: nameCount, maxLength: nameCount })
    const [names = []] = fc.sample(some, 1)
    const limits: readonly TokenLimit[] = fc.sample(someLimits, tokenCount)
    const tokens = await Promise.all(limits.map(each => wire.token(each)))
    for (const resource of resources) await record(resource, names, 0)
    await served.postgres.untilNumbered()

    const sockets = await Promise.all(
      Array.from({ length: socketCount }, () => openPushSocket(served.app.url)),
    )
    const followings = await Promise.all(
      tokens.flatMap((token, i) =>
        resources.map(resource => {
          const socket = sockets[Math.floor((i * socketCount * 2) / tokenCount)]
          return socket === undefined ? byStream(token, resource) : bySocket(socket, token, resource)
        }),
      ),
    )
    for (const resource of resources) await record(resource, names, 1)

    const seen = { denied: 0, partial: 0 }
    const total = names.length * 2
    for (const { token, resource, keys } of followings) {
      const query = { condition: [{ limit: 10_000 }] }
      const answer = (await wire.call(`${resource.name}_query`, { query }, token)) as Answer
      const expected = answer.result?.map(row => keyOf(resource, row)).toSorted((a, b) => a - b)
      await expect.poll(keys, { interval: 20, timeout: 10_000 }).toEqual(expected)
      if (expected === undefined) seen.denied++
      else if (expected.length > 0 && expected.length < total) seen.partial++
    }
    // Whatever comes too much has come by now, too.
    const counts = followings.map(({ keys }) => keys()?.length)
    await new Promise(resolve => setTimeout(resolve, 200))
    expect(followings.map(({ keys }) => keys()?.length)).toEqual(counts)
    expect(seen.denied).toBeGreaterThan(50)
    expect(seen.partial).toBeGreaterThan(50)
  })
})

interface Answer {
  readonly result?: readonly Readonly<Record<string, unknown>>[]
}

function keyOf({ ordering }: Resource, row: Readonly<Record<string, unknown>>): number {
  return Number(row[ordering.key])
}
