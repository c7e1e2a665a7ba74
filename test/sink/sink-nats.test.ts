import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { nkeyAuthenticator, nkeys } from '@nats-io/transport-node'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { DeliveryError, type Destination, type Items } from '../../src/sink/destination.ts'
import { natsDestination } from '../../src/sink/nats.ts'
import type { StoredSink } from '../../src/sink/sink.ts'
import type { NatsSink } from '../../src/sink/target.ts'
import {
  addStream,
  connectNats,
  freePort,
  hasNats,
  type NatsServer,
  readStream,
  startNats,
} from './nats-server.ts'
import { numbersTo } from './sink-setup.ts'

const never = new AbortController().signal

function openSink(servers: readonly number[], target: Partial<NatsSink> = {}, id = 7): Destination {
  const sink = natsDestination({ name: 'out', id } as StoredSink, {
    servers: servers.map(port => `127.0.0.1:${port}`),
    stream: null,
    subject: 'daybook.changes',
    ...target,
  })
  onTestFinished(sink.close)
  return sink
}

function itemsOf(numbers: readonly number[], size = 10): Items {
  return numbers.map(number => ({
    number,
    text: JSON.stringify({ sequence_number: number, row: { text: 'x'.repeat(size) } }),
  })) as unknown as Items
}

/** What a delivery failed with; `lasting`: whether another attempt would meet the same. */
async function failureOf(delivery: Promise<void>, lasting?: 'refused'): Promise<string> {
  const error = await delivery.catch(thrown => thrown)
  expect(error).toBeInstanceOf(DeliveryError)
  expect(error.lasting).toBe(lasting)
  return error.message
}

describe.skipIf(!hasNats)('a sink of NATS JetStream', () => {
  test('publishes each item once and in order, however often a batch is sent', async () => {
    const { port } = await startNats()
    const connection = await connectNats(port)
    await addStream(connection)
    const sink = openSink([port])
    await sink.deliver(itemsOf(numbersTo(300)), 1, never)
    // Confirmed by nobody: after a crash another server sends them again, cut in another way.
    await openSink([port]).deliver(itemsOf(numbersTo(400).slice(250)), 1, never)
    const messages = await readStream(connection)
    expect(messages.map(message => message.value.sequence_number)).toEqual(numbersTo(400))
    expect(messages[41]).toMatchObject({ subject: 'daybook.changes', id: 'out-7:42' })
    // A sink that was made anew under the name is another one.
    await openSink([port], {}, 8).deliver(itemsOf([1]), 1, never)
    expect((await readStream(connection)).at(-1)).toMatchObject({ id: 'out-8:1' })
  })

  test('fails while no stream takes the subject, or another one than was named, and goes on after', async () => {
    const { port } = await startNats()
    const connection = await connectNats(port)
    const sink = openSink([port])
    expect(await failureOf(sink.deliver(itemsOf([1]), 1, never))).toBe(
      'nats_failed: no JetStream stream takes the subject',
    )
    const absent = openSink([port], { stream: 'EVENTS' })
    expect(await failureOf(absent.deliver(itemsOf([1]), 1, never), 'refused')).toBe(
      'nats_failed: there is no stream EVENTS',
    )
    await addStream(connection)
    const named = openSink([port], { stream: 'OTHER' })
    expect(await failureOf(named.deliver(itemsOf([1]), 1, never), 'refused')).toMatch(
      /^nats_failed: .*stream/,
    )
    await sink.deliver(itemsOf([1]), 2, never)
    await openSink([port], { stream: 'EVENTS' }).deliver(itemsOf([1, 2]), 1, never)
    expect((await readStream(connection)).map(message => message.value.sequence_number)).toEqual([1, 2])
  })

  test('fails while the server is away, and connects anew', async () => {
    const server = await startNats()
    await addStream(await connectNats(server.port, { reconnect: false }))
    const sink = openSink([server.port])
    await sink.deliver(itemsOf([1, 2]), 1, never)
    await server.kill()
    expect(await failureOf(sink.deliver(itemsOf([3]), 1, never))).toMatch(/^nats_failed: /)
    await server.restart()
    await sink.deliver(itemsOf([2, 3]), 2, never)
    const messages = await readStream(await connectNats(server.port))
    expect(messages.map(message => message.value.sequence_number)).toEqual([1, 2, 3])
  })

  test('fails for an item that the server finds too large', async () => {
    const { port } = await startNats('max_payload: 1000')
    await addStream(await connectNats(port))
    const delivery = openSink([port]).deliver(itemsOf([1], 2000), 1, never)
    expect(await failureOf(delivery, 'refused')).toMatch(/^nats_failed: /)
  })

  test('says who it is by token, by user and password, or by nkey; without, it is refused and tells nothing', async () => {
    const user = nkeys.createUser()
    const nkey = new TextDecoder().decode(user.getSeed())
    const ways = [
      {
        config: 'token: "s3cret"',
        credentials: { token: 's3cret' },
        own: { token: 's3cret' },
      },
      {
        config: 'user: "u", password: "s3cret"',
        credentials: { user: 'u', password: 's3cret' },
        own: { user: 'u', pass: 's3cret' },
      },
      {
        config: `users: [ { nkey: "${user.getPublicKey()}" } ]`,
        credentials: { nkey },
        own: { authenticator: nkeyAuthenticator(user.getSeed()) },
      },
    ]
    for (const { config, credentials, own } of ways) {
      const { port } = await startNats(`authorization { ${config} }`)
      const connection = await connectNats(port, own)
      await addStream(connection)
      await openSink([port], credentials).deliver(itemsOf([1]), 1, never)
      expect(await readStream(connection)).toHaveLength(1)
      for (const wrong of [{ token: 'wr0ng' }, { user: 'u', password: 'wr0ng' }, {}]) {
        const refused = openSink([port], wrong)
        const failure = await failureOf(refused.deliver(itemsOf([2]), 1, never), 'refused')
        expect(failure).toMatch(/^nats_failed: .*authorization/i)
        expect(failure).not.toContain('wr0ng')
      }
    }
  })

  test('goes on with a cluster of three that loses one of them, without a hole or a duplicate', async () => {
    const cluster = await startCluster()
    const connection = await connectNats(cluster[2]?.port ?? 0)
    await vi.waitFor(() => addStream(connection, { replicas: 3 }), { timeout: 20_000, interval: 250 })
    const sink = openSink(
      cluster.map(each => each.port),
      { stream: 'EVENTS' },
    )
    const numbers = numbersTo(600)
    let attempts = 0
    for (let at = 0; at < numbers.length; at += 100) {
      const items = itemsOf(numbers.slice(at, at + 100))
      // One of the other two: the test's own connection stays.
      if (at === 200) void cluster[0]?.kill()
      if (at === 400) await cluster[0]?.restart()
      await vi.waitFor(() => sink.deliver(items, ++attempts, never), { timeout: 20_000, interval: 250 })
    }
    const messages = await vi.waitFor(() => readStream(connection), { timeout: 20_000, interval: 250 })
    expect(messages.map(message => message.value.sequence_number)).toEqual(numbers)
  })

  test('is cut off while it waits for a server that says nothing', async () => {
    const silent = await freePort()
    const listener = createServer().listen(silent, '127.0.0.1')
    onTestFinished(() => void listener.close())
    const stop = new AbortController()
    const sink = openSink([silent])
    const delivery = failureOf(sink.deliver(itemsOf([1]), 1, stop.signal))
    await sleep(50)
    stop.abort()
    expect(await delivery).toMatch(/^cancelled/)
  })
})

/** The three nodes of docs/sinks.md, on one machine. */
async function startCluster(): Promise<readonly NatsServer[]> {
  const routes = await Promise.all([freePort(), freePort(), freePort()])
  const list = routes.map(port => `nats://127.0.0.1:${port}`).join(', ')
  return Promise.all(
    routes.map((port, i) =>
      startNats(`server_name: n${i + 1}
cluster { name: daybook, listen: 127.0.0.1:${port}, routes: [${list}] }`),
    ),
  )
}
