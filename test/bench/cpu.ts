import { readFileSync } from 'node:fs'

/** Linux counts CPU time for /proc in hundredths of a second on every architecture that Node runs on. */
const microsecondsPerTick = 10_000

/** CPU time in microseconds that a process has used so far, all its threads together. Linux only. */
export function cpuOfProcess(pid: number): number {
  const { own } = readTimes(pid)
  return own
}

/** The same for a process, its children, and the children that have ended: all of a PostgreSQL server. */
export function cpuOfFamily(pid: number): number {
  // A child that ends between the reads would be counted twice or not at all.
  for (;;) {
    const children = childrenOf(pid)
    const living = children.split(' ').filter(child => child !== '')
    const sum = living.reduce((total, child) => total + (tryReadTimes(Number(child))?.own ?? 0), 0)
    const { own, ended } = readTimes(pid)
    if (childrenOf(pid) === children) return sum + own + ended
  }
}

interface Times {
  readonly own: number
  /** Of children that have ended. */
  readonly ended: number
}

function tryReadTimes(pid: number): Times | undefined {
  try {
    return readTimes(pid)
  } catch {
    return undefined
  }
}

/** Fields 14 to 17 of /proc/pid/stat (proc(5)); the name before them may hold blanks and brackets. */
function readTimes(pid: number): Times {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15).map(Number)
  return {
    own: (user + system) * microsecondsPerTick,
    ended: (childUser + childSystem) * microsecondsPerTick,
  }
}

function childrenOf(pid: number): string {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
}
