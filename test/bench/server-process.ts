import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A server under test, in a process of its own. */
export interface ServerProcess {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

export interface ServerCommand {
  /** Node's arguments: the program, seen from the top of the project, and its own. */
  readonly args: readonly string[]
  /** The variables it gets beside PATH. */
  readonly env: Readonly<Record<string, string>>
}

const projectFolder = fileURLToPath(new URL('../..', import.meta.url))

/** Starts a server and waits until it has printed the URL on which it listens. */
export async function startServerProcess({ args, env }: ServerCommand): Promise<ServerProcess> {
  const child = spawn(process.execPath, args, {
    cwd: projectFolder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, ...env },
  })
  process.once('exit', () => child.kill('SIGKILL'))
  const url = await printedUrl(child)
  if (url === undefined || child.pid === undefined) throw new Error(`${args.join(' ')} did not start`)
  return {
    url,
    pid: child.pid,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** Undefined when the output ends without one. It is read on: a full pipe would stop the server. */
function printedUrl({ stdout }: ChildProcess): Promise<string | undefined> {
  if (stdout === null) return Promise.resolve(undefined)
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  createInterface({ input: stdout })
    .on('line', line => {
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0]
      if (url !== undefined) resolve(url)
    })
    .once('close', () => resolve(undefined))
  return promise
}
