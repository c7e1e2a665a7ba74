import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { createTestPostgres } from '../support/databases.ts'
import { type DaybookProcess, dataFolder, filledFolder, serveDaybook, superToken } from './daybook-process.ts'
import { findLosses } from './kept-rows.ts'
import { lockTable } from './table-lock.ts'
import { startWriters } from './writers.ts'

vi.setConfig({ testTimeout: 120_000 })

test('a server stopped under load ends with 0, without its lock, and keeps every acknowledged row', async () => {
  const folder = await filledFolder()
  const server = await serveDaybook({ DAYBOOK_DATA: folder })
  const writers = startWriters({ url: server.url })
  await vi.waitUntil(() => writers.acknowledged() >= 100, { timeout: 60_000 })
  expect(await readdir(folder)).toContain('owner')
  server.signal('SIGTERM')
  await writers.lost
  expect(await server.ended).toEqual({ code: 0, signal: null })
  expect(await readdir(folder)).not.toContain('owner')
  const { url } = await serveDaybook({ DAYBOOK_DATA: folder })
  expect(await findLosses(url, writers.appends)).toEqual({ broken: [], torn: [] })
})

test('a server that stops is not ready, takes nobody new, and answers what runs', async () => {
  const { server, append, release } = await serverWithRunningAppend()
  const probe = await halfRequest(server, '/readyz')
  server.signal('SIGTERM')
  await vi.waitUntil(() => refusesConnections(server), { timeout: 10_000 })
  probe.write('\r\n')
  const answer = await text(probe)
  expect(answer).toMatch(/^HTTP\/1\.1 503 /)
  expect(answer).toContain('"reason":"stopping"')
  await release()
  expect(await append).toHaveLength(1)
  expect(await server.ended).toEqual({ code: 0, signal: null })
})

test('a second SIGTERM ends a server at once, also while a request runs', async () => {
  const { server, append } = await serverWithRunningAppend()
  const failed = expect(append).rejects.toMatchObject({ name: 'DaybookConnectionError' })
  server.signal('SIGTERM')
  // One that follows within a quarter of a second is taken for the same, sent on by npm.
  await sleep(500)
  expect(server.isRunning()).toBe(true)
  server.signal('SIGTERM')
  expect(await server.ended).toEqual({ code: 143, signal: null })
  await failed
})

/** An append that waits, as long as nobody calls `release`, because somebody else has locked the table. */
async function serverWithRunningAppend() {
  const database = await createTestPostgres()
  onTestFinished(database.drop)
  const server = await serveDaybook({ DATABASE_URL: database.url, DAYBOOK_DATA: await dataFolder() })
  const { waiting, release } = await lockTable(database.url, 'js_result')
  const client = createClient({ url: server.url, token: superToken })
  const append = client.append('js-result', [{ js_worker_name: 'waiting' }])
  // Its fate is looked at later.
  append.catch(() => undefined)
  await vi.waitUntil(async () => (await waiting()) > 0, { timeout: 20_000 })
  return { server, append, release }
}

/** A connection on which all but the last line of a GET has arrived. */
async function halfRequest({ url }: DaybookProcess, path: string): Promise<Socket> {
  const { port } = new URL(url)
  const socket = connect(Number(port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
  await once(socket, 'data')
  socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n`)
  await fetch(`${url}/livez`)
  return socket
}

function refusesConnections({ url }: DaybookProcess): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  return new Promise(resolve => {
    socket.on('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.on('error', () => resolve(true))
  })
}
