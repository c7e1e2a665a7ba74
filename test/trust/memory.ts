import { readFile, writeFile } from 'node:fs/promises'

/** The memory that a process holds now, in MiB. */
export function memory(pid: number): Promise<number> {
  return statusOf(pid, 'VmRSS')
}

/** The most memory that a process has held since its start or `resetPeakMemory`, in MiB. Linux only: proc_pid_status(5). */
export function peakMemory(pid: number): Promise<number> {
  return statusOf(pid, 'VmHWM')
}

async function statusOf(pid: number, name: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]
  if (kibibytes === undefined) throw new Error(`process ${pid} has no ${name}`)
  return Number(kibibytes) / 1024
}

/** From now on `peakMemory` counts anew: proc_pid_clear_refs(5). */
export function resetPeakMemory(pid: number): Promise<void> {
  return writeFile(`/proc/${pid}/clear_refs`, '5')
}
