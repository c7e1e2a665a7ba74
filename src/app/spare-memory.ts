import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const lookMs = 5000
/** Looks in a row at which it was idle before it counts as idle: to collect takes as long as dozens of requests. */
const idleLooks = 4
/** The share of the time in which an event loop works that counts as idle. */
const idleShare = 0.1
/** To collect what is no more than this would give little back. */
const worthwhileBytes = 48 * 1024 * 1024

/**
 * Has V8 collect its garbage, and give back the pages it held, once the process is idle after it has grown: by itself it does so when it
 * is allocated again, and a server that nobody asks anything keeps for hours what a minute of load took.
 */
export function giveBackMemoryWhenIdle(): void {
  // Node has no other way to ask for it.
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  let loop = performance.eventLoopUtilization()
  /** The least it has held; undefined: to be seen, after it was collected. */
  let held: number | undefined = process.memoryUsage.rss()
  let idle = 0
  setInterval(() => {
    const before = loop
    loop = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(loop, before)
    idle = utilization > idleShare ? 0 : idle + 1
    if (idle < idleLooks) return
    const bytes = process.memoryUsage.rss()
    held = Math.min(held ?? bytes, bytes)
    if (bytes - held < worthwhileBytes) return
    collect()
    held = undefined
  }, lookMs).unref()
}
