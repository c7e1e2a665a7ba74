import variant from '@jitl/quickjs-wasmfile-release-sync'
import {
  type EmscriptenModuleLoader,
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSEmscriptenModule,
  type QuickJSSyncVariant,
  type QuickJSWASMModule,
} from 'quickjs-emscripten-core'
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

export async function createEngine(module: WebAssembly.Module, wantedHeap: number): Promise<Engine> {
  const heapBytes = Math.min(wantedHeap, scriptBounds.maxHeapBytes)
  const growth = Math.max(heapBytes - freeAtStart, 0) + growthSlack
  const maximum = initialPages + Math.ceil(growth / pageBytes)
  const memory = new WebAssembly.Memory({ initial: initialPages, maximum })
  const { quickjs, emscripten } = await load(module, memory)

  // Fills what the start gives beyond that. Never touched, so it takes no real memory.
  const heapStart = emscripten._malloc(1)
  const ballastBytes = initialPages * pageBytes - heapStart - freeAtStart
  let ballast = emscripten._malloc(ballastBytes)

  return {
    quickjs,
    heapBytes: wantedHeap,
    hasRoom: bytes => {
      const place = emscripten._malloc(bytes)
      emscripten._free(place)
      return place !== 0
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
  const tuned = newVariant(base, { wasmModule: module, wasmMemory: memory })
  const loader = (await tuned.importModuleLoader()) as EmscriptenModuleLoader<QuickJSEmscriptenModule>
  const emscripten = await loader()
  const quickjs = await newQuickJSWASMModuleFromVariant({
    ...tuned,
    importModuleLoader: async () => async () => emscripten,
  })
  return { quickjs, emscripten }
}
