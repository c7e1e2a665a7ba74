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
  /** After a run: false when the engine has to be replaced, because it has grown. */
  readonly restore: () => boolean
}

const pageBytes = 64 * 1024
/** What the module asks for at its start. */
const initialPages = 256
/** Free at the start: a script that needs more makes the memory grow, which tells that it did. */
const freeAtStart = 2 * 1024 * 1024
/** Emscripten grows by a twentieth at least, so the last of the memory cannot be used. */
const growthSlack = 1024 * 1024

const valueBytes = 8

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
  let ballast = emscripten._malloc(ballastBytes)

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

  return {
    quickjs,
    heapBytes: wantedHeap,
    hasRoom,
    keep,
    watchRejections: (runtime, listener) => {
      rejections.listener = listener
      if (listener !== undefined) rejections.install((runtime as unknown as Internals).rt.value)
    },
    isFull: () => memory.buffer.byteLength > Math.max(initialPages, maximum * 0.9) * pageBytes,
    relieve: () => {
      emscripten._free(ballast)
      ballast = 0
    },
    restore: () => {
      if (ballast === 0) ballast = emscripten._malloc(ballastBytes)
      return ballast !== 0 && memory.buffer.byteLength === initialPages * pageBytes
    },
  }
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
