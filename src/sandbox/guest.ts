import type { QuickJSContext, QuickJSHandle, VmFunctionImplementation } from 'quickjs-emscripten-core'
import { createModuleLoader, type ScriptModule } from './module-loader.ts'
import { callNative } from './native.ts'
import { preludeSource } from './prelude/prelude.ts'
import { createRealms } from './realms.ts'
import { maxResultBytes, scriptBounds } from './script.ts'
import { noRoom, preludeFile, type Thrown, unreadable } from './thrown.ts'
import { createUnhandled } from './unhandled.ts'
import type { Vm } from './vm.ts'

/** No console line and no part of an error is longer, in UTF-16 units. */
const maxTextLength = 64 * 1024

const memberNames = ['prepare', 'start', 'answer', 'fire', 'describe'] as const
type Member = (typeof memberNames)[number]
type Argument = string | number | boolean | QuickJSHandle

/** What one run or check brings and is told. */
export interface GuestRun extends ScriptModule {
  readonly heapBytes: number
  readonly stackBytes: number
  readonly host: (operation: string, args: readonly QuickJSHandle[]) => QuickJSHandle | undefined
  readonly interrupt: () => boolean
}

/**
 * A runtime and context with the prelude in it, for one run or check after the other. Each begins in a realm that nothing
 * has run in: the VM's memory is restored to what it was when the prelude, or with it the module, had been compiled.
 */
export type Guest = ReturnType<typeof createGuest>

/** Throws when QuickJS itself fails; the VM must not be used again then. */
export function createGuest(vm: Vm) {
  const runtime = vm.quickjs.newRuntime()
  const context = runtime.newContext()
  let current: GuestRun | undefined
  runtime.setInterruptHandler(() => current?.interrupt() === true)
  const modules = createModuleLoader(runtime, context)
  const { call, describe, relieve } = installPrelude(vm, context, (operation, ...args) =>
    current?.host(context.getString(operation), args),
  )
  const rejected = createUnhandled(vm, context)
  vm.watchRejections(runtime, (promise, reason, isAwaited) => {
    if (!modules.isCompiling()) rejected.note(promise, reason, isAwaited)
  })
  const realms = createRealms(vm, context)

  /** A fresh realm with the module compiled; what that threw, if it did. Throws when QuickJS itself fails. */
  function begin(run: GuestRun): Thrown | undefined {
    current = run
    modules.use(run)
    rejected.clear()
    const key = `${run.file}\n${run.source}`
    const isCompiled = realms.enter(key)
    runtime.setMaxStackSize(Math.min(run.stackBytes, scriptBounds.maxStackBytes))
    const thrown = isCompiled ? undefined : compile(run)
    if (!isCompiled && thrown === undefined) realms.keep(key)
    // Not before: where it leaves no room for the module, it leaves none for the error either.
    runtime.setMemoryLimit(run.heapBytes)
    return thrown
  }

  function compile({ source }: GuestRun): Thrown | undefined {
    if (!vm.hasRoomFor([source])) return noRoom
    const error = modules.compile()
    return error && describe(error)
  }

  /** Evaluates the module: the answer, which the caller disposes, holds its namespace as `module`. Or what it threw. */
  function evaluate(): { value: QuickJSHandle; thrown?: undefined } | { value?: undefined; thrown: Thrown } {
    const result = modules.evaluate()
    return result.error ? { thrown: describe(result.error) } : { value: result.value }
  }

  /** The reason of the first unhandled rejection, if there is one. */
  function unhandled(): Thrown | undefined {
    const reason = rejected.takeFirst()
    return reason && describe(reason)
  }

  /** Calls a native function. Throws RangeError where the heap has no room for its answer. */
  function native(name: string, args: string, buffers: readonly QuickJSHandle[]): QuickJSHandle {
    const answer = callNative(
      name,
      args,
      buffers.map(buffer => context.getArrayBuffer(buffer).consume(bytes => new Uint8Array(bytes.value))),
    )
    const isText = typeof answer === 'string'
    const hasRoom = isText ? vm.hasRoomFor([answer]) : vm.hasRoomFor([], answer.length)
    if (!hasRoom) throw new RangeError('out of memory')
    return isText ? context.newString(answer) : context.newArrayBuffer(new Uint8Array(answer).buffer)
  }

  const { library } = realms
  return { vm, context, runtime, begin, evaluate, call, describe, unhandled, library, native, relieve }
}

/** Makes the prelude, and what calls its functions. */
function installPrelude(vm: Vm, context: QuickJSContext, host: VmFunctionImplementation<QuickJSHandle>) {
  const { runtime } = context
  const members = evaluatePrelude(context, host)

  /** Calls a function of the prelude and disposes the arguments; what it threw, if it did. */
  function call(member: Member, ...args: Argument[]): Thrown | undefined {
    if (!vm.hasRoomFor(args.filter(arg => typeof arg === 'string'))) return noRoom
    const handles = args.map(toHandle)
    // A text beyond the limit is not a valid value, and must not reach a function.
    const isWhole = handles.every(
      (handle, i) => typeof args[i] !== 'string' || context.typeof(handle) === 'string',
    )
    if (!isWhole) return noRoom
    const result = context.callFunction(members[member], context.undefined, handles)
    for (const handle of handles) handle.dispose()
    if (result.error) return describe(result.error)
    result.value.dispose()
    return undefined
  }

  /** What is known of an error, which is disposed. */
  function describe(error: QuickJSHandle): Thrown {
    relieve()
    const result = context.callFunction(members.describe, context.undefined, error)
    error.dispose()
    if (result.error) return unreadable
    return result.value.consume(handle => JSON.parse(context.getString(handle)) as Thrown)
  }

  /** Gives room beyond the limits, so that the end of a run can be described. */
  function relieve(): void {
    vm.relieve()
    runtime.setMemoryLimit(-1)
    runtime.setMaxStackSize(scriptBounds.maxStackBytes)
  }

  function toHandle(value: Argument): QuickJSHandle {
    if (typeof value === 'string') return context.newString(value)
    if (typeof value === 'number') return context.newNumber(value)
    if (typeof value === 'boolean') return value ? context.true : context.false
    return value
  }

  return { call, describe, relieve }
}

function evaluatePrelude(
  context: QuickJSContext,
  host: VmFunctionImplementation<QuickJSHandle>,
): Readonly<Record<Member, QuickJSHandle>> {
  const parts = context.unwrapResult(context.evalCode(preludeSource, preludeFile, { strict: true }))
  const install = context.getProp(parts, 'prelude')
  const args = [
    context.newFunction('host', host),
    context.newNumber(maxResultBytes),
    context.newNumber(maxTextLength),
    parts,
  ]
  const members = context.unwrapResult(context.callFunction(install, context.undefined, args))
  for (const handle of [install, ...args]) handle.dispose()
  return members.consume(
    () =>
      Object.fromEntries(memberNames.map(name => [name, context.getProp(members, name)])) as Record<
        Member,
        QuickJSHandle
      >,
  )
}
