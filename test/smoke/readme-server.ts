import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Answer {
  readonly result?: unknown
  readonly error?: unknown
}

/** A server that was started as the README starts it. */
export interface ReadmeServer {
  readonly url: string
  /** Its super token. */
  readonly token: string
  /** Calls a method as the super token; throws when it is refused. */
  call(method: string, params: object): Promise<unknown>
  /** As Ctrl-C in a terminal does: the signal goes to npm and to what it started. */
  stop(): Promise<void>
}

/** `npm start` in the checkout, once it says where it listens. */
export async function startServer(root: string, dataFolder: string, port: number): Promise<ReadmeServer> {
  const env = { ...process.env, DAYBOOK_DATA: dataFolder, PORT: String(port) }
  const server = spawn('npm', ['start'], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  await untilItListens(server)
  const url = `http://127.0.0.1:${port}`
  const token = readFileSync(join(dataFolder, 'super-token'), 'utf8').trim()
  return {
    url,
    token,
    async call(method, params) {
      const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` }
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
      const answer = (await (await fetch(url, { method: 'POST', headers, body })).json()) as Answer
      assert.equal(answer.error, undefined, `${method}: ${JSON.stringify(answer.error)}`)
      return answer.result
    },
    async stop() {
      const ended = once(server, 'exit')
      process.kill(-(server.pid ?? assert.fail('npm did not start')), 'SIGINT')
      await ended
    },
  }
}

async function untilItListens(server: ChildProcess): Promise<void> {
  const ended = once(server, 'exit').then(() => assert.fail('the server ended'))
  const listening = new Promise<void>(resolve => {
    server.stdout?.on('data', (chunk: Buffer) => {
      process.stdout.write(chunk)
      if (chunk.includes('listens on')) resolve()
    })
  })
  await Promise.race([listening, ended])
}
