import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { giveTo, serverUser } from '../support/postgres-binaries.ts'
import { freePort } from '../support/postgres-server.ts'

const program = '/usr/sbin/pgbouncer'

/**
 * Debian's pgbouncer before the server of `databaseUrl`, which lends `poolSize` connections until the test ends. Resolves to
 * the URL of the same database through it.
 */
export async function startPgbouncer(
  databaseUrl: string,
  poolSize: number,
  mode: 'transaction' | 'session' = 'transaction',
): Promise<string> {
  requireProgram()
  const { hostname, port, username, pathname } = new URL(databaseUrl)
  const folder = await mkdtemp(join(tmpdir(), 'daybook-pgbouncer-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const ownPort = await freePort()
  const config = join(folder, 'pgbouncer.ini')
  await writeFile(join(folder, 'users'), `"${username}" ""\n`)
  await writeFile(
    config,
    `[databases]
* = host=${hostname} port=${port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${ownPort}
unix_socket_dir =
auth_type = trust
auth_file = ${join(folder, 'users')}
pool_mode = ${mode}
default_pool_size = ${poolSize}
max_client_conn = 200
`,
  )
  await chmod(folder, 0o755)
  // It refuses to run as root.
  const user = serverUser()
  if (user !== undefined) giveTo(folder, user)
  const child = spawn(program, [config], { stdio: ['ignore', 'ignore', 'pipe'], cwd: folder, ...user })
  onTestFinished(async () => {
    const ended = once(child, 'exit')
    if (child.exitCode === null && child.kill('SIGKILL')) await ended
  })
  await whenUp(child)
  const url = new URL(`postgres://${username}@127.0.0.1:${ownPort}`)
  url.pathname = pathname
  return url.href
}

function requireProgram(): void {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
  } catch (error) {
    throw new Error(`${program} is needed: apt-get install pgbouncer`, { cause: error })
  }
}

async function whenUp(child: ChildProcess): Promise<void> {
  let log = ''
  for await (const chunk of child.stderr ?? []) {
    log += chunk
    if (log.includes('process up')) {
      child.stderr?.resume()
      return
    }
  }
  throw new Error(`pgbouncer does not start: ${log}`)
}
