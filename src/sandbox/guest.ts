import { LRUCache } from 'lru-cache'
import type {
  QuickJSContext,
  QuickJSHandle,
  QuickJSRuntime,
  VmFunctionImplementation,
} from 'quickjs-emscripten-core'
import type { Engine, Image } from './engine.ts'
import { librarySources } from './library/sources.ts'
import { callNative } from './native.ts'
import { prelude } from './prelude.ts'
import { scriptBounds } from './script.ts'

/** JSON text of a result may have this many bytes. */
export const maxResultBytes = 1024 * 1024
/** No console line and no part of an error is longer, in UTF-16 units. */
export const maxTextLength = 64 * 1024

type Member = 'prepare' | 'start' | 'answer' | 'fire' | 'describe'
type Argument = string | number | boolean | QuickJSHandle

/** A thrown value as the guest told it. */
export interface Thrown {
  readonly name: string
  readonly message: string
  readonly stack: string
  /** It was null or undefined. */
  readonly empty: boolean
  /** Names and texts of its other members. */
  readonly members?: readonly (readonly [string, string])[]
  readonly cause?: Cause
  /** Of an AggregateError. */
  readonly errors?: readonly Cause[]
}

export type Cause = Omit<Thrown, 'empty'>

/** What QuickJS itself throws. */
function thrownByEngine(name: string, message: string): Thrown {
  return { name, message, stack: '', empty: false }
}

export type Evaluated =
  | { readonly value: QuickJSHandle; readonly thrown?: undefined }
  | { readonly value?: undefined; readonly thrown: Thrown }

/** What one run or check gives and is told. */
export interface GuestRun {
  /** A module, and its name in stack traces. */
  readonly source: string
  readonly file: string
  readonly heapBytes: number
  readonly stackBytes: number
  readonly host: (operation: string, args: readonly QuickJSHandle[]) => QuickJSHandle | undefined
  readonly interrupt: () => boolean
  /** Told of every import of a module, before it is refused. */
  readonly onImport: (specifier: string) => void
}

/**
 * A runtime and context with the prelude in it, for one run or check after the other. Each begins in a realm that nothing
 * has run in: the memory of the engine is made what it was when the prelude, or with it the module, had been compiled.
 */
export interface Guest {
  readonly engine: Engine
  readonly context: QuickJSContext
  readonly runtime: QuickJSRuntime
  /** A fresh realm with the module compiled; the answer is what that threw, if it did. Throws when the engine itself fails. */
  readonly begin: (run: GuestRun) => Thrown | undefined
  /** Evaluates the module; the answer holds its namespace as `module`, and is disposed by the caller. Or what it threw. */
  readonly evaluate: () => Evaluated
  /** Calls a function of the prelude and disposes the arguments; the answer is what it threw, if it did. */
  readonly call: (member: Member, ...args: Argument[]) => Thrown | undefined
  readonly describe: (error: QuickJSHandle) => Thrown
  /** What the first of the promises was rejected with that nobody has awaited, if there is one. */
  readonly unhandled: () => Thrown | undefined
  /** A function of the prelude's libraries, by the name of the library. */
  readonly library: (name: string) => QuickJSHandle
  /** Calls a native function. Throws RangeError where the heap has no room for its answer. */
  readonly native: (name: string, args: string, buffers: readonly QuickJSHandle[]) => QuickJSHandle
  /** Gives room beyond the limits, so that the end of a run can be told. */
  readonly relieve: () => void
}

/** Frames of this file are the sandbox's own; no worker's name can hold a bracket. */
export const preludeFile = '<sandbox>'

const preludeSource = `(${prelude.toString()})`
/** A text is copied in as UTF-8, then made a string of at most two bytes a unit. */
const bytesPerUnit = 5
/** What a call needs besides its texts. */
const callBytes = 64 * 1024

const outOfMemory = thrownByEngine('InternalError', 'out of memory')
const unreadable = thrownByEngine('', 'an error that cannot be read')

/** Rejected promises of which more is known than that there are some. */
const maxRejections = 100

/** A promise that was rejected, and with what; both are kept alive. */
interface Rejection {
  readonly promise: QuickJSHandle
  readonly reason: QuickJSHandle
}

/**
 * Modules of the sandbox's own; no worker's name can hold a bracket. The root imports the gate, which throws, and the
 * script: with that the script is compiled and linked, and nothing of it has run. The start then evaluates it.
 * (The engine's own way to compile only reads memory that is none once it succeeds.)
 */
const root = '<root>'
const gate = '<gate>'
const start = '<start>'
const script = '<script>'
const rootSource = `import '${gate}'; import '${script}'`
const gateSource = `throw '${gate}'`
const startSource = `import * as module from '${script}'; export { module }`

/** What a script begins in. */
interface Realm {
  /** With the module compiled, and these libraries. */
  readonly image: Image
  readonly libraries: ReadonlyMap<string, QuickJSHandle>
  /** What its runs have asked for besides: the next one is made with them. */
  readonly missing: Set<string>
}

/** Of all images of a guest; what is larger than a quarter of that is compiled for each run. */
const maxImageBytes = 4 * 1024 * 1024

/** Throws when the engine itself fails; it is not to be used again then. */
export function createGuest(engine: Engine): Guest {
  const runtime = engine.quickjs.newRuntime()
  const context = runtime.newContext()
  let current: GuestRun | undefined
  let isCompiling = false
  runtime.setInterruptHandler(() => current?.interrupt() === true)
  runtime.setModuleLoader(
    // Asked for a name of its own also after the other function has refused one.
    name => {
      if (isCompiling && name === gate) return gateSource
      return isCompiling && name === current?.file ? current.source : refuse()
    },
    (from, specifier) => {
      if (from === root && specifier === gate) return gate
      if ((from === root || from === start) && specifier === script && current) return current.file
      current?.onImport(specifier)
      return refuse()
    },
  )
  const members = installPrelude(context, (operation, ...args) =>
    current?.host(context.getString(operation), args),
  )

  const rejections = new Map<bigint, Rejection>()
  engine.watchRejections(runtime, (promise, reason, isAwaited) => {
    if (isCompiling) return
    if (isAwaited) forget(promise)
    else if (rejections.size < maxRejections) remember(promise, reason)
  })

  engine.seed(context)
  const blank = engine.capture()
  /** By the name and source of the module. */
  const realms = new LRUCache<string, Realm>({
    maxSize: maxImageBytes,
    maxEntrySize: maxImageBytes / 4,
    sizeCalculation: ({ image }) => image.bytes,
  })
  let last = blank
  let libraries: Realm['libraries'] = new Map()
  /** Libraries that the run has asked for and its realm did not have. */
  let missing = new Set<string>()

  function begin(run: GuestRun): Thrown | undefined {
    current = run
    rejections.clear()
    const key = `${run.file}\n${run.source}`
    const known = realms.get(key)
    const isWhole = known?.missing.size === 0
    restore(isWhole ? known.image : blank)
    runtime.setMaxStackSize(Math.min(run.stackBytes, scriptBounds.maxStackBytes))
    libraries = isWhole ? known.libraries : new Map()
    missing = isWhole ? known.missing : new Set()
    const thrown = isWhole ? undefined : compile(run)
    if (!isWhole && thrown === undefined && engine.isSmall()) {
      const used = known === undefined ? [] : [...known.libraries.keys(), ...known.missing]
      libraries = new Map(used.map(name => [name, compileLibrary(name)]))
      last = engine.capture()
      realms.set(key, { image: last, libraries, missing })
    }
    // Not before: where it leaves no room for the module, it leaves none for the error either.
    runtime.setMemoryLimit(run.heapBytes)
    return thrown
  }

  function restore(image: Image): void {
    engine.restore(image)
    // Between runs of the same script that would be dearer than the runs.
    if (image !== last || image === blank) engine.wipe(image)
    last = image
    engine.seed(context)
  }

  function compile({ source }: GuestRun): Thrown | undefined {
    if (!hasRoomFor([source])) return outOfMemory
    isCompiling = true
    const { error } = context.evalCode(rootSource, root, { type: 'module' })
    isCompiling = false
    if (error === undefined) throw new Error('the gate let the script through')
    if (context.typeof(error) !== 'string' || context.getString(error) !== gate) return describe(error)
    error.dispose()
    return undefined
  }

  function remember(promise: bigint, reason: bigint): void {
    const kept = engine.keep(context, promise)
    const keptReason = engine.keep(context, reason)
    if (kept !== undefined && keptReason !== undefined) {
      rejections.set(promise, { promise: kept, reason: keptReason })
    } else kept?.dispose()
  }

  function forget(promise: bigint): void {
    const rejection = rejections.get(promise)
    rejections.delete(promise)
    rejection?.reason.dispose()
    rejection?.promise.dispose()
  }

  function unhandled(): Thrown | undefined {
    const [first] = rejections
    if (first === undefined) return undefined
    const [key, { promise, reason }] = first
    rejections.delete(key)
    promise.dispose()
    return describe(reason)
  }

  function library(name: string): QuickJSHandle {
    const compiled = libraries.get(name)
    if (compiled !== undefined) return compiled.dup()
    missing.add(name)
    return compileLibrary(name)
  }

  function compileLibrary(name: string): QuickJSHandle {
    const source = librarySources.get(name) ?? ''
    if (!hasRoomFor([source])) throw new RangeError('out of memory')
    return context.unwrapResult(context.evalCode(source, preludeFile, { strict: true }))
  }

  function native(name: string, args: string, buffers: readonly QuickJSHandle[]): QuickJSHandle {
    const given = buffers.map(bytesOf)
    const answer = callNative(name, args, given)
    if (typeof answer === 'string') {
      if (!hasRoomFor([answer])) throw new RangeError('out of memory')
      return context.newString(answer)
    }
    if (!engine.hasRoom(answer.length + callBytes)) throw new RangeError('out of memory')
    return context.newArrayBuffer(new Uint8Array(answer).buffer)
  }

  function bytesOf(buffer: QuickJSHandle): Uint8Array {
    return context.getArrayBuffer(buffer).consume(bytes => new Uint8Array(bytes.value))
  }

  function call(member: Member, ...args: Argument[]): Thrown | undefined {
    if (!hasRoomFor(args)) return outOfMemory
    const handles = args.map(toHandle)
    // A text beyond the limit is no value at all, and must not reach a function.
    const whole = handles.every(
      (handle, i) => typeof args[i] !== 'string' || context.typeof(handle) === 'string',
    )
    if (!whole) return outOfMemory
    const result = context.callFunction(members[member], context.undefined, handles)
    for (const handle of handles) handle.dispose()
    if (result.error) return describe(result.error)
    result.value.dispose()
    return undefined
  }

  function hasRoomFor(args: readonly Argument[]): boolean {
    const texts = args.filter(arg => typeof arg === 'string')
    return engine.hasRoom(texts.reduce((sum, text) => sum + text.length * bytesPerUnit, callBytes))
  }

  function evaluate(): Evaluated {
    const result = context.evalCode(startSource, start, { type: 'module' })
    return result.error ? { thrown: describe(result.error) } : { value: result.value }
  }

  function describe(error: QuickJSHandle): Thrown {
    relieve()
    const result = context.callFunction(members.describe, context.undefined, error)
    error.dispose()
    if (result.error) return unreadable
    return result.value.consume(handle => JSON.parse(context.getString(handle)) as Thrown)
  }

  function relieve(): void {
    engine.relieve()
    runtime.setMemoryLimit(-1)
    runtime.setMaxStackSize(scriptBounds.maxStackBytes)
  }

  function toHandle(value: Argument): QuickJSHandle {
    if (typeof value === 'string') return context.newString(value)
    if (typeof value === 'number') return context.newNumber(value)
    if (typeof value === 'boolean') return value ? context.true : context.false
    return value
  }

  return {
    engine,
    context,
    runtime,
    begin,
    evaluate,
    call,
    describe,
    unhandled,
    library,
    native,
    relieve,
  }
}

function installPrelude(
  context: QuickJSContext,
  host: VmFunctionImplementation<QuickJSHandle>,
): Readonly<Record<Member, QuickJSHandle>> {
  const install = context.unwrapResult(context.evalCode(preludeSource, preludeFile, { strict: true }))
  const args = [
    context.newFunction('host', host),
    ...[maxResultBytes, maxTextLength].map(n => context.newNumber(n)),
  ]
  const members = context.unwrapResult(context.callFunction(install, context.undefined, args))
  for (const handle of [install, ...args]) handle.dispose()
  const member = (name: Member) => context.getProp(members, name)
  return members.consume(() => ({
    prepare: member('prepare'),
    start: member('start'),
    answer: member('answer'),
    fire: member('fire'),
    describe: member('describe'),
  }))
}

function refuse(): { error: Error } {
  return { error: new TypeError('a script cannot import modules') }
}
