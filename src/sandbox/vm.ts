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
} from 'quickjs-emscripten-core'
import { createSeeder } from './random-seed.ts'
import { createRejectionHook, type RejectionListener } from './rejections.ts'
import { createVmMemory, memoryFor } from './vm-memory.ts'

/**
 * One instance of the QuickJS module with a memory of its own, made for a heap of `heapBytes`. It is thrown away whole
 * when a run may have harmed it.
 */
export type Vm = Awaited<ReturnType<typeof createVm>>

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

export async function createVm(module: WebAssembly.Module, heapBytes: number) {
  const size = memoryFor(heapBytes)
  const { memory } = size
  const { quickjs, emscripten, exports } = await load(module, memory)
  const installHook = createRejectionHook({
    memory,
    exports,
    enableInterrupt: runtime => emscripten._QTS_RuntimeEnableInterruptHandler(runtime),
    disableInterrupt: runtime => emscripten._QTS_RuntimeDisableInterruptHandler(runtime),
  })
  const vmMemory = createVmMemory(size, emscripten)

  /** Tells `listener` of the promises of a runtime. */
  function watchRejections(runtime: QuickJSRuntime, listener: RejectionListener): void {
    installHook((runtime as unknown as Internals).rt.value, listener)
  }

  /** A value of the listener's as a handle that keeps it, or undefined where there is no room. */
  function keep(context: QuickJSContext, value: bigint): QuickJSHandle | undefined {
    if (!vmMemory.hasRoom(valueBytes * 2)) return undefined
    const address = emscripten._malloc(valueBytes)
    new DataView(memory.buffer).setBigInt64(address, value, true)
    const { ctx } = context as unknown as Internals
    const kept = emscripten._QTS_DupValuePointer(ctx.value, address)
    emscripten._free(address)
    const free = () => emscripten._QTS_FreeValuePointer(ctx.value, kept)
    return new Lifetime(kept, undefined, free) as unknown as QuickJSHandle
  }

  return { ...vmMemory, quickjs, heapBytes, watchRejections, keep, seed: createSeeder(memory) }
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
