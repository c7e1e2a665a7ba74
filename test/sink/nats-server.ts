import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { jetstreamManager } from '@nats-io/jetstream'
import { type ConnectionOptions, connect, type NatsConnection } from '@nats-io/transport-node'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from './sink-setup.ts'

/** Whether a nats-server is installed; when it is not, that is said once. */
export const hasNats = spawnSync('nats-server', ['--version']).status === 0
if (!hasNats) process.stdout.write('NATS IS NOT TESTED: nats-server is not installed\n')

export interface NatsServer {
  readonly port: number
  /** Ends it with SIGKILL. */
  kill(): Promise<void>
  /** Starts it again on the same port and folder. */
  restart(): Promise<void>
}

/** Runs a nats-server with JetStream for as long as the test does; `config` is added to its configuration. */
export async function startNats(config = '', port?: number): Promise<NatsServer> {
  const folder = await temporaryFolder()
  const listening = port ?? (await freePort())
  const file = join(folder, 'nats.conf')
  await writeFile(file, `listen: 127.0.0.1:${listening}\njetstream { store_dir: "${folder}" }\n${config}\n`)
  let kill = await run(file)
  onTestFinished(() => kill())
  return {
    port: listening,
    kill: () => kill(),
    async restart() {
      kill = await run(file)
    },
  }
}

async function run(config: string): Promise<() => Promise<void>> {
  const child = spawn('nats-server', ['-c', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', text => {
    log += text
  })
  const ended = once(child, 'close')
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  while (!log.includes('Server is ready')) {
    if (child.exitCode !== null) throw new Error(`nats-server ended: ${log}`)
    await Promise.race([sleep(10), ended])
  }
  return kill
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** A connection of the test's own. */
export async function connectNats(port: number, options: ConnectionOptions = {}): Promise<NatsConnection> {
  const connection = await connect({ servers: `127.0.0.1:${port}`, ...options })
  onTestFinished(() => connection.close())
  return connection
}

export interface StreamOptions {
  readonly name?: string
  readonly subject?: string
  readonly replicas?: number
}

export async function addStream(
  connection: NatsConnection,
  { name = 'EVENTS', subject = 'daybook.>', replicas = 1 }: StreamOptions = {},
): Promise<void> {
  const manager = await jetstreamManager(connection)
  await manager.streams.add({ name, subjects: [subject], num_replicas: replicas })
}

export interface StoredMessage {
  readonly subject: string
  readonly id: string | undefined
  readonly value: { readonly sequence_number: number }
}

/** All that a stream holds, in order. */
export async function readStream(
  connection: NatsConnection,
  name = 'EVENTS',
): Promise<readonly StoredMessage[]> {
  const manager = await jetstreamManager(connection)
  const { state } = await manager.streams.info(name)
  const messages: StoredMessage[] = []
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const message = await manager.streams.getMessage(name, { seq })
    if (message === null) continue
    const { subject, header } = message
    messages.push({ subject, id: header.get('Nats-Msg-Id'), value: message.json() })
  }
  return messages
}
