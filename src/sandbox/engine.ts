import { randomFillSync } from 'node:crypto'
import variant from '@jitl/quickjs-wasmfile-release-sync'
import {
  type EmscriptenModuleLoader,
  Lifetime,
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSEmscriptenModule,
  type QuickJSHandle,
  type QuickJSRuntime,
  type QuickJSSyncVariant,
  type QuickJSWASMModule,
} from 'quickjs-emscripten-core'
import { createRejectionHook, type RejectionListener } from './rejections.ts'
import { scriptBounds } from './script.ts'

/** All that is alive in an engine's memory, copied at a moment at which nothing runs. */
export interface Image {
  readonly bytes: number
  /** Each with where it belongs. */
  readonly parts: readonly (readonly [number, Uint8Array])[]
}

/**
 * One instance of the QuickJS module with a memory of its own: thrown away whole when a run may have harmed it.
 * QuickJS's own limit counts 8 bytes an allocation in this build, whatever its size, so the size of the memory is
 * what really holds a script to its heap.
 */
export interface Engine {
  readonly quickjs: QuickJSWASMModule
  /** The heap it was made for. */
  readonly heapBytes: number
  /** True when texts of so many bytes can be copied in; the library would write them anywhere if not. */
  readonly hasRoom: (bytes: number) => boolean
  /** True when a script has used up its heap. */
  readonly isFull: () => boolean
  /** Gives room beyond the heap, so that the end of a run can be told. */
  readonly relieve: () => void
  /** Tells `listener` of the promises of a runtime; undefined ends that. */
  readonly watchRejections: (runtime: QuickJSRuntime, listener: RejectionListener | undefined) => void
  /** A value of the listener's as a handle that keeps it, or undefined where there is no room. */
  readonly keep: (context: QuickJSContext, value: bigint) => QuickJSHandle | undefined
  readonly capture: () => Image
  /** Makes everything as it was at the capture: what has come since is gone, and handles of it mean nothing. */
  readonly restore: (image: Image) => void
  /** Overwrites what no image holds, so that not even a fault of the engine could find it again. After `restore`. */
  readonly wipe: (image: Image) => void
  /** False when its memory has grown so far that it is replaced: memory never shrinks. */
  readonly isSmall: () => boolean
  /** A new seed for Math.random, which an image would have go through the same numbers again. */
  readonly seed: (context: QuickJSContext) => void
}

const pageBytes = 64 * 1024
/** What the module asks for at its start. */
const initialPages = 256
/** Free at the start: a script that needs more makes the memory grow, which tells that it did. */
const freeAtStart = 2 * 1024 * 1024
/** What an engine may have grown by and be used again. */
const keptPages = 128
/** Emscripten grows by a twentieth at least, so the last of the memory cannot be used. */
const growthSlack = 1024 * 1024

const valueBytes = 8
/** Behind the data of the module, before its heap. What is left in it has no meaning between two calls. */
const moduleStackBytes = 5 * 1024 * 1024
/** What the allocator keeps before and behind a block. */
const blockEdge = 64
const zeros = Buffer.alloc(4096)
const seedBytes = 8

/** Addresses that the library keeps to itself. */
interface Internals {
  readonly rt: { readonly value: number }
  readonly ctx: { readonly value: number }
}

/** Functions of the module that the library uses and does not declare. */
interface Emscripten extends QuickJSEmscriptenModule {
  _QTS_RuntimeEnableInterruptHandler(runtime: number): void
  _QTS_RuntimeDisableInterruptHandler(runtime: number): void
  _QTS_DupValuePointer(context: number, value: number): number
  _QTS_FreeValuePointer(context: number, value: number): void
}

export async function createEngine(module: WebAssembly.Module, wantedHeap: number): Promise<Engine> {
  const heapBytes = Math.min(wantedHeap, scriptBounds.maxHeapBytes)
  const growth = Math.max(heapBytes - freeAtStart, 0) + growthSlack
  const maximum = initialPages + Math.ceil(growth / pageBytes)
  const memory = new WebAssembly.Memory({ initial: initialPages, maximum })
  const { quickjs, emscripten, exports } = await load(module, memory)
  const rejections = createRejectionHook({
    memory,
    exports,
    enableInterrupt: runtime => emscripten._QTS_RuntimeEnableInterruptHandler(runtime),
    disableInterrupt: runtime => emscripten._QTS_RuntimeDisableInterruptHandler(runtime),
  })

  // Fills what the start gives beyond that. Never touched, so it takes no real memory.
  const heapStart = emscripten._malloc(1)
  const ballastBytes = initialPages * pageBytes - heapStart - freeAtStart
  const ballast = emscripten._malloc(ballastBytes)
  const ballastEnd = ballast + ballastBytes
  const dataEnd = Math.ceil((heapStart - moduleStackBytes) / pageBytes) * pageBytes
  let isRelieved = false
  let seedAt: number | undefined
  const seeds = new Uint8Array(128 * seedBytes)
  let seedsUsed = seeds.length

  function hasRoom(bytes: number): boolean {
    const place = emscripten._malloc(bytes)
    emscripten._free(place)
    return place !== 0
  }

  function keep(context: QuickJSContext, value: bigint): QuickJSHandle | undefined {
    if (!hasRoom(valueBytes * 2)) return undefined
    const place = emscripten._malloc(valueBytes)
    new DataView(memory.buffer).setBigInt64(place, value, true)
    const { ctx } = context as unknown as Internals
    const kept = emscripten._QTS_DupValuePointer(ctx.value, place)
    emscripten._free(place)
    const free = () => emscripten._QTS_FreeValuePointer(ctx.value, kept)
    return new Lifetime(kept, undefined, free) as unknown as QuickJSHandle
  }

  function isFull(): boolean {
    return memory.buffer.byteLength > Math.max(initialPages, maximum * 0.9) * pageBytes
  }

  function capture(): Image {
    const all = new Uint8Array(memory.buffer)
    const parts = [
      [0, dataEnd],
      [heapStart - blockEdge, ballast + blockEdge],
      [ballastEnd - blockEdge, usedEnd(memory)],
    ].map(([from = 0, to = 0]) => [from, all.slice(from, to)] as const)
    return { parts, bytes: parts.reduce((sum, [, { length }]) => sum + length, 0) }
  }

  return {
    quickjs,
    heapBytes: wantedHeap,
    hasRoom,
    keep,
    watchRejections: (runtime, listener) => {
      rejections.listener = listener
      if (listener !== undefined) rejections.install((runtime as unknown as Internals).rt.value)
    },
    isFull,
    relieve: () => {
      if (!isRelieved) emscripten._free(ballast)
      isRelieved = true
    },
    capture,
    restore: ({ parts }) => {
      const all = new Uint8Array(memory.buffer)
      for (const [place, bytes] of parts) all.set(bytes, place)
      isRelieved = false
    },
    wipe: ({ parts }) => {
      const [place, bytes] = parts.at(-1) ?? [ballastEnd, []]
      new Uint8Array(memory.buffer).fill(0, place + bytes.length, usedEnd(memory))
    },
    isSmall: () => !isFull() && memory.buffer.byteLength <= (initialPages + keptPages) * pageBytes,
    seed: context => {
      const { ctx } = context as unknown as Internals
      seedAt ??=
        ctx.value +
        seedOffset(
          memory,
          ctx.value,
          () => void context.unwrapResult(context.evalCode('Math.random()')).dispose(),
        )
      if (seedsUsed === seeds.length) {
        randomFillSync(seeds)
        seedsUsed = 0
      }
      const seed = seeds.subarray(seedsUsed, seedsUsed + seedBytes)
      seedsUsed += seedBytes
      new Uint8Array(memory.buffer).set(seed, seedAt)
    },
  }
}

/** Behind the last page in which there is anything. */
function usedEnd(memory: WebAssembly.Memory): number {
  const all = Buffer.from(memory.buffer)
  let end = all.length
  while (end > 0 && all.compare(zeros, 0, zeros.length, end - zeros.length, end) === 0) end -= zeros.length
  return end
}

/**
 * Where a context keeps the state of Math.random, which the engine takes from the time when it makes a context. Found by
 * what changes as the generator (xorshift64*) changes it.
 */
function seedOffset(memory: WebAssembly.Memory, context: number, draw: () => void): number {
  const words = () => new BigUint64Array(memory.buffer, context, 64).slice()
  const before = words()
  draw()
  const after = words()
  const found = [...before.keys()].filter(
    i => before[i] !== after[i] && nextState(before[i] ?? 0n) === after[i],
  )
  const [at] = found
  if (at === undefined || found.length > 1) throw new Error('this build of the script engine is not known')
  return at * seedBytes
}

function nextState(state: bigint): bigint {
  let next = state
  next ^= next >> 12n
  next ^= BigInt.asUintN(64, next << 25n)
  return next ^ (next >> 27n)
}

/** The library keeps its allocator to itself; the loader hands it out on the way. */
async function load(module: WebAssembly.Module, memory: WebAssembly.Memory) {
  // Its types are those of the CommonJS build, where the variant is a member.
  const base = variant as unknown as QuickJSSyncVariant
  let exports: WebAssembly.Exports = {}
  const tuned = newVariant(base, {
    wasmMemory: memory,
    emscriptenModule: {
      instantiateWasm(imports, onSuccess) {
        const instance = new WebAssembly.Instance(module, imports)
        exports = instance.exports
        onSuccess(instance)
        return exports
      },
    },
  })
  const loader = (await tuned.importModuleLoader()) as EmscriptenModuleLoader<QuickJSEmscriptenModule>
  const emscripten = (await loader()) as Emscripten
  const quickjs = await newQuickJSWASMModuleFromVariant({
    ...tuned,
    importModuleLoader: async () => async () => emscripten,
  })
  return { quickjs, emscripten, exports }
}
