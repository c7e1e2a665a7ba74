import type { QuickJSContext, QuickJSHandle } from 'quickjs-emscripten-core'
import type { Vm } from './vm.ts'

/** Rejected promises of which more is known than that they exist. */
const maxRejections = 100

/** A promise that was rejected, and with what; both are kept alive. */
interface Rejection {
  readonly promise: QuickJSHandle
  readonly reason: QuickJSHandle
}

/** The unhandled rejections of a run. */
export function createUnhandled(vm: Vm, context: QuickJSContext) {
  const rejections = new Map<bigint, Rejection>()

  function note(promise: bigint, reason: bigint, isAwaited: boolean): void {
    if (isAwaited) forget(promise)
    else if (rejections.size < maxRejections) remember(promise, reason)
  }

  function remember(promise: bigint, reason: bigint): void {
    const kept = vm.keep(context, promise)
    const keptReason = vm.keep(context, reason)
    if (kept !== undefined && keptReason !== undefined) {
      rejections.set(promise, { promise: kept, reason: keptReason })
    } else kept?.dispose()
  }

  function forget(promise: bigint): void {
    take(promise)?.dispose()
  }

  function take(promise: bigint): QuickJSHandle | undefined {
    const rejection = rejections.get(promise)
    rejections.delete(promise)
    rejection?.promise.dispose()
    return rejection?.reason
  }

  /** What the first was rejected with; the caller disposes it. */
  function takeFirst(): QuickJSHandle | undefined {
    const [first] = rejections.keys()
    return first === undefined ? undefined : take(first)
  }

  return { note, takeFirst, clear: () => rejections.clear() }
}
