import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { testMethod } from '../http/test-methods.ts'
import { startTestServer } from '../http/test-server.ts'

function gated() {
  const gate = Promise.withResolvers<void>()
  const started = Promise.withResolvers<void>()
  const method = testMethod('gated', async () => {
    started.resolve()
    await gate.promise
    return 'done'
  })
  return { method, started: started.promise, openGate: gate.resolve }
}

const gatedCall = '{"jsonrpc":"2.0","method":"gated","id":1}'
const doneAnswer = '{"jsonrpc":"2.0","result":"done","id":1}'

function post(
  url: string,
  body: string,
  agent?: Agent,
): Promise<{ body: string; connection: string | undefined }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const sent = request(url, { method: 'POST', headers, agent }, answer => {
      const { connection } = answer.headers
      text(answer).then(body => resolve({ body, connection }), reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

function refusesConnections(url: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.on('error', () => resolve(true))
  })
}

test('the address names the port that was free', async () => {
  const { url } = await startTestServer()
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  const { url: wildcard } = await startTestServer({ env: { HOST: '0.0.0.0' } })
  expect(wildcard).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
})

test('an address that is taken is refused', async () => {
  const { url } = await startTestServer()
  await expect(startTestServer({ env: { PORT: new URL(url).port } })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  })
})

test('a stop finishes what runs, takes nothing new, and leaves no connection', async () => {
  const { method, started, openGate } = gated()
  const { url, close } = await startTestServer({ methods: [method] })
  const agent = new Agent({ keepAlive: true })
  onTestFinished(() => agent.destroy())
  const answer = post(url, gatedCall, agent)
  await started
  const closed = close()
  expect(await refusesConnections(url)).toBe(true)
  openGate()
  expect(await answer).toEqual({ body: doneAnswer, connection: 'close' })
  await closed
  expect(close()).toBe(close())
})

test('a stop answers what a WebSocket has asked, then closes it with 1001', async () => {
  const { method, started, openGate } = gated()
  const { url, close } = await startTestServer({ methods: [method] })
  const [busy, idle] = [new WebSocket(url), new WebSocket(url)]
  await Promise.all([once(busy, 'open'), once(idle, 'open')])
  const answer = once(busy, 'message')
  const codes = Promise.all([busy, idle].map(async socket => (await once(socket, 'close'))[0]))
  busy.send(gatedCall)
  await started
  const closed = close()
  openGate()
  expect(String((await answer)[0])).toBe(doneAnswer)
  expect(await codes).toEqual([1001, 1001])
  await closed
})

test('a stop does not wait longer than it may', async () => {
  const { method, started } = gated()
  const { url, close } = await startTestServer({ methods: [method], env: { DAYBOOK_DRAIN_MS: '10' } })
  const socket = new WebSocket(url)
  await once(socket, 'open')
  const cutOff = once(socket, 'close')
  socket.send(gatedCall)
  const failed = expect(post(url, gatedCall)).rejects.toMatchObject({ code: 'ECONNRESET' })
  await started
  await close()
  await failed
  expect((await cutOff)[0]).toBe(1006)
})

test('a stop waits for a request whose client has hung up', async () => {
  const { method, started, openGate } = gated()
  const { url, close } = await startTestServer({ methods: [method] })
  const sent = request(url, { method: 'POST', headers: { 'content-type': 'application/json' } })
  sent.on('error', () => undefined)
  sent.end(gatedCall)
  await started
  sent.destroy()
  let isClosed = false
  const closed = close().then(() => {
    isClosed = true
  })
  await new Promise(resolve => setTimeout(resolve, 30))
  expect(isClosed).toBe(false)
  openGate()
  await closed
})

/** Runs test/app/stopping-process.ts; `ready` resolves when it listens, `exit` with its exit code. */
function startProcess(stopMs: number) {
  const script = join(import.meta.dirname, 'stopping-process.ts')
  const child = spawn(process.execPath, [script, String(stopMs)], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines = createInterface(child.stdout)
  const exit = once(child, 'exit').then(([code]) => code as number | null)
  return { child, exit, lines, ready: once(lines, 'line') }
}

test.for(['SIGTERM', 'SIGINT'] as const)('%s ends the process with 0 when it has stopped', async signal => {
  const { child, exit, ready } = startProcess(0)
  await ready
  child.kill(signal)
  expect(await exit).toBe(0)
})

test('a second signal ends the process at once', async () => {
  const { child, exit, lines, ready } = startProcess(60_000)
  await ready
  child.kill('SIGTERM')
  await once(lines, 'line')
  await new Promise(resolve => setTimeout(resolve, 300))
  child.kill('SIGTERM')
  expect(await exit).toBe(143)
})

test('the same signal passed on by npm is not a second one', async () => {
  const { child, exit, lines, ready } = startProcess(400)
  await ready
  child.kill('SIGINT')
  await once(lines, 'line')
  child.kill('SIGINT')
  expect(await exit).toBe(0)
})
