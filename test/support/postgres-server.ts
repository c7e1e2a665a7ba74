import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { createServer, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { copy, findInstallation, giveTo, serverUser } from './postgres-binaries.ts'

export interface PostgresOptions {
  /** Off by default: no test here is about a power cut. */
  readonly fsync?: boolean
  /** Further settings, e.g. `{ max_connections: '20' }`. */
  readonly settings?: Readonly<Record<string, string>>
  /** The data of another server, which is halted, instead of an empty cluster; it then begins in recovery. */
  readonly standbyOf?: string
}

/** A real PostgreSQL on 127.0.0.1 with its data in memory where there is room for it, else in the temp folder. */
export interface PostgresServer {
  readonly isInMemory: boolean
  /** Of the database `postgres`, as the superuser, without a password. */
  readonly url: string
  /** The folder of its data. */
  readonly data: string
  start(): Promise<void>
  /** Sends a signal to the server and all its processes at once: SIGSTOP, and it hangs until SIGCONT. */
  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void
  /** Ends the server as `pg_ctl stop` does: `fast` tells each session why, `immediate` just
   * cuts them off and leaves recovery to the next start. */
  halt(mode: 'fast' | 'immediate'): Promise<void>
  restart(mode?: 'fast' | 'immediate'): Promise<void>
  /** Halts it and removes everything it has left. */
  stop(): Promise<void>
}

const startTimeoutMs = 30_000

export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const isInMemory = options.fsync !== true && hasRoom(memoryFolder)
  const folder = mkdtempSync(join(tmpdir(), 'daybook-postgres-'))
  const data = mkdtempSync(join(isInMemory ? memoryFolder : tmpdir(), 'daybook-postgres-'))
  cleanUpAfterUs(folder, data)
  const remove = (): void => {
    for (const each of [folder, data]) rmSync(each, { recursive: true, force: true })
  }
  try {
    const server = createPostgres({ folder, data, port: await freePort() }, options)
    await server.start()
    return { ...server, isInMemory, stop: () => server.halt('immediate').finally(remove) }
  } catch (error) {
    remove()
    throw error
  }
}

/** A server that follows `primary`, which is restarted for it, over streaming replication. */
export async function startReplica(
  primary: PostgresServer,
  settings: PostgresOptions['settings'] = {},
): Promise<PostgresServer> {
  await primary.halt('fast')
  const { hostname, port, username } = new URL(primary.url)
  // With all that it was told at the primary's end it needs no primary to begin.
  const replica = await startPostgres({
    standbyOf: primary.data,
    settings: {
      primary_conninfo: `host=${hostname} port=${port} user=${username}`,
      wal_retrieve_retry_interval: '100ms',
      ...settings,
    },
  })
  await primary.start()
  return replica
}

// To copy a database takes 125 ms of CPU on a disk, 15 in memory.
const memoryFolder = '/dev/shm'
const neededBytes = 4 * 1024 ** 3

function hasRoom(folder: string): boolean {
  if (!existsSync(folder)) return false
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize >= neededBytes
}

interface Places {
  readonly folder: string
  readonly data: string
  readonly port: number
}

function createPostgres(
  { folder, data, port }: Places,
  options: PostgresOptions,
): Omit<PostgresServer, 'stop' | 'isInMemory'> {
  const user = serverUser()
  const url = `postgres://daybook@127.0.0.1:${port}/postgres`
  let running: ChildProcess | undefined
  const { bin, cluster } = findInstallation(folder, user)
  if (user !== undefined) giveTo(folder, user)
  copy(options.standbyOf ?? cluster, data, user)
  if (options.standbyOf !== undefined) writeFileSync(join(data, 'standby.signal'), '')
  chmodSync(data, 0o700)

  async function start(): Promise<void> {
    const parameters = ['-D', data, '-p', String(port), ...settingArguments(options)]
    const deadline = Date.now() + startTimeoutMs
    let failure: string | undefined = ''
    while (failure !== undefined) {
      // After a crash the last server's children may still hold its memory for a moment.
      if (Date.now() > deadline) throw new Error(`PostgreSQL does not start: ${failure}`)
      running = spawn(join(bin, 'postgres'), parameters, {
        cwd: folder,
        stdio: ['ignore', 'ignore', 'pipe'],
        ...user,
      })
      failure = await whyNot(running, url)
    }
  }

  async function halt(mode: 'fast' | 'immediate'): Promise<void> {
    const child = running
    running = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
    await exited
  }

  return {
    url,
    data,
    start,
    halt,
    signal(name) {
      const pid = running?.pid
      if (pid === undefined) return
      // Its children have groups of their own.
      for (const each of [pid, ...childrenOf(pid)]) process.kill(each, name)
    },
    async restart(mode = 'fast') {
      await halt(mode)
      await start()
    },
  }
}

function childrenOf(parent: number): readonly number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  return pids.filter(pid => {
    try {
      // `pid (name) state parent …`
      return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]) === parent
    } catch {
      return false
    }
  })
}

function settingArguments(options: PostgresOptions): readonly string[] {
  const durable = options.fsync ? {} : { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' }
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    shared_buffers: '64MB',
    max_connections: '200',
    ...durable,
    ...options.settings,
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

/** Undefined once the server answers a query; what it has written when it has ended before. */
async function whyNot(server: ChildProcess, url: string): Promise<string | undefined> {
  let log = ''
  server.stderr?.on('data', chunk => {
    log += chunk
  })
  while (server.exitCode === null && server.signalCode === null) {
    if (await answersQuery(url)) return undefined
    await sleep(50)
  }
  return log
}

async function answersQuery(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    await client.end()
  }
}

const cleaning = `
cat
pid=$(head -n 1 "$1/postmaster.pid") && kill -QUIT "$pid"
until rm -rf "$0" "$1"; do sleep 0.1; done
`

/**
 * A shell that ends the server and removes its folders once this process is gone, however it ended: then the
 * pipe that the shell reads from closes.
 */
function cleanUpAfterUs(...folders: [string, string]): void {
  const shell = spawn('sh', ['-c', cleaning, ...folders], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  shell.unref()
  if (shell.stdin instanceof Socket) shell.stdin.unref()
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
