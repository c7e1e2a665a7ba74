import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { serveForFile } from './attacked-server.ts'
import { superToken } from './daybook-process.ts'
import { clientAt } from './flood.ts'
import { requestText } from './http-exchange.ts'
import { feltBeside, report } from './other-client.ts'

vi.setConfig({ testTimeout: 120_000 })

const server = serveForFile({ DAYBOOK_MAX_CONNECTIONS: '99' })
const bearer = { authorization: `Bearer ${superToken}` }
const opened: (() => void)[] = []

afterEach(async () => {
  for (const close of opened.splice(0)) close()
  await vi.waitUntil(async () => (await get('/livez', '127.0.0.9')) === 200)
  await sleep(200)
})

/** A WebSocket from an address, open or refused. */
function openWebSocket(localAddress: string, headers = {}): Promise<WebSocket | undefined> {
  const socket = new WebSocket(server().url.replace('http', 'ws'), { localAddress, headers })
  opened.push(() => socket.terminate())
  return new Promise(resolve => {
    socket.once('open', () => resolve(socket))
    socket.on('error', () => resolve(undefined))
  })
}

async function openMany(count: number, localAddress: string): Promise<readonly WebSocket[]> {
  const all = await Promise.all(Array.from({ length: count }, () => openWebSocket(localAddress, bearer)))
  return all.filter(socket => socket !== undefined)
}

/** The status of a GET on a connection of its own. */
function get(path: string, localAddress: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ localAddress })
    const asked = request(new URL(path, server().url), { agent, timeout: 5000 }, answer => {
      answer.resume().once('end', () => resolve(answer.statusCode))
    })
    asked.once('timeout', () => asked.destroy(new Error('no answer'))).once('error', reject)
    asked.end()
  })
}

async function requireAlive(localAddress: string): Promise<void> {
  const status = await get('/livez', localAddress)
  if (status !== 200) throw new Error(`/livez: ${status}`)
}

test('99 idle WebSockets of one address leave half of the connections to others, and /livez to itself', async () => {
  const crowd = await openMany(99, '127.0.0.3')
  expect(crowd).toHaveLength(50)
  const hello = requestText('nodeget-server_hello', {})
  const felt = await feltBeside(
    {
      ask: async () => {
        await requireAlive('127.0.0.3')
        await requireAlive('127.0.0.2')
        const { status } = await clientAt('127.0.0.2', server().url)(hello)
        if (status !== 200) throw new Error(`another client: ${status}`)
      },
    },
    async () => {
      // Those that are refused try again and again, and more say nothing at all.
      for (let i = 0; i < 20; i++) {
        await Promise.all(Array.from({ length: 10 }, () => openSilent('127.0.0.3')))
        expect(await openWebSocket('127.0.0.3', bearer)).toBeUndefined()
      }
    },
  )
  report('/livez and a client beside 99 idle WebSockets and a storm of connections', felt)
  expect(felt.refusals).toEqual([])
  expect(felt.median).toBeLessThan(1000)
  expect((await clientAt('127.0.0.3', server().url)(hello)).status).toBe(503)
  for (const socket of crowd) expect(socket.readyState).toBe(WebSocket.OPEN)
  const metrics = await (await fetch(new URL('/metrics', server().url))).text()
  expect(metrics).toMatch(/daybook_cut_off_total\{what="connection",reason="share"\} [1-9]/)
})

test('/livez gets through when several addresses take all connections, and nothing else does', async () => {
  await openMany(50, '127.0.0.3')
  await openMany(50, '127.0.0.4')
  const statuses = await Promise.all(
    ['/livez', '/readyz', '/metrics', '/openrpc.json'].map(path => get(path, '127.0.0.2')),
  )
  expect(statuses).toEqual([200, 200, 200, 503])
  for (let i = 0; i < 100; i++) await openSilent(`127.0.0.${5 + (i % 10)}`)
  const felt = await feltBeside({ ask: () => requireAlive('127.0.0.2') }, () => sleep(1000))
  report('/livez beside 100 idle WebSockets of two addresses', felt)
  expect(felt.refusals).toEqual([])
})

test('a WebSocket on which no credential has held ends after ten seconds, one with a credential stays', async () => {
  const sockets = {
    silent: await openWebSocket('127.0.0.3'),
    hello: await openWebSocket('127.0.0.3'),
    wrong: await openWebSocket('127.0.0.3', { authorization: `Bearer ${superToken}x` }),
    bearer: await openWebSocket('127.0.0.3', bearer),
    message: await openWebSocket('127.0.0.3'),
  }
  const codes: Record<string, number> = {}
  for (const [name, socket] of Object.entries(sockets)) {
    socket?.once('close', code => {
      codes[name] = code
    })
  }
  sockets.message?.send(requestText('token_get', { token: superToken }))
  for (let second = 0; second < 13; second++) {
    sockets.hello?.send(requestText('nodeget-server_hello', {}))
    sockets.wrong?.send(requestText('token_get', {}))
    await sleep(1000)
    if (second < 8) expect(codes).toEqual({})
  }
  expect(codes).toEqual({ silent: 4401, hello: 4401, wrong: 4401 })
})

test('a connection that says nothing is closed', async () => {
  const silent = await openSilent('127.0.0.3')
  await vi.waitUntil(() => silent.closed, { timeout: 20_000 })
})

async function openSilent(localAddress: string): Promise<Socket> {
  const socket = connect({ port: Number(new URL(server().url).port), host: '127.0.0.1', localAddress })
  opened.push(() => socket.destroy())
  socket.on('error', () => undefined).resume()
  await once(socket, 'connect')
  return socket
}
