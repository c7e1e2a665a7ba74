import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const lookMs = 5000
/** Consecutive idle checks before it counts as idle: a collection takes as long as dozens of requests. */
const idleLooks = 4
/** An event loop busy for at most this share of the time counts as idle. */
const idleShare = 0.1
/** Collecting less than this would free too little. */
const worthwhileBytes = 48 * 1024 * 1024

/**
 * Makes V8 collect garbage and return its pages once a process that has grown is idle. By itself V8 collects
 * only when memory is allocated, so an idle server would keep the memory of one minute of load for hours.
 */
export function giveBackMemoryWhenIdle(): void {
  // Node has no other way to request it.
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
