import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { z } from 'zod'

const lockOwner = z
  .strictObject({
    id: z.string().regex(/^[\w-]+$/),
    pid: z.int().positive(),
    /** The process's start in clock ticks since the machine's, as Linux tells it; null elsewhere. */
    started: z.string().nullable(),
    host: z.string(),
  })
  .strip()

/** The process that holds a lock: `id` is of one taking, the rest tells a process from a later one of its number. */
export type LockOwner = Readonly<z.infer<typeof lockOwner>>

export async function thisProcess(id: string): Promise<LockOwner> {
  return {
    id,
    pid: process.pid,
    started: (await readProcess(process.pid))?.started ?? null,
    host: hostname(),
  }
}

/** Throws when `text` is not what a LockOwner is written as. */
export function parseLockOwner(text: string): LockOwner {
  return lockOwner.parse(JSON.parse(text))
}

/** False only when it is certain: of a process on another host nothing can be known. */
export async function mayBeAlive(owner: LockOwner): Promise<boolean> {
  if (owner.host !== hostname()) return true
  if (!exists(owner.pid)) return false
  const found = await readProcess(owner.pid)
  if (found === undefined || owner.started === null) return true
  return found.started === owner.started && !found.ended
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs, as another user.
    return error instanceof Error && 'code' in error && error.code !== 'ESRCH'
  }
}

/** proc_pid_stat(5): after the name in parentheses come the state (field 3) and, 19 further, the start time. */
async function readProcess(pid: number): Promise<{ started: string; ended: boolean } | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (stat === undefined) return undefined
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state = ''] = fields
  const started = fields[19]
  // A zombie holds no files; it only waits for its parent to ask.
  return started === undefined ? undefined : { started, ended: state === 'Z' || state === 'X' }
}
