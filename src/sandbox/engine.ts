import variant from '@jitl/quickjs-wasmfile-release-sync'
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSSyncVariant,
  type QuickJSWASMModule,
} from 'quickjs-emscripten-core'
import { scriptBounds } from './script.ts'

/** One instance of the QuickJS module with a memory of its own: thrown away whole when a run may have harmed it. */
export interface Engine {
  readonly quickjs: QuickJSWASMModule
  /** True when its memory has grown so far that a new instance is cheaper than keeping it. */
  readonly isBloated: () => boolean
}

const pageBytes = 64 * 1024
/** What the module asks for at its start. */
const initialPages = 256
/** Texts on their way in and out lie beside the script's heap. */
const maxPages = (scriptBounds.maxHeapBytes * 2) / pageBytes
const bloatedBytes = 48 * 1024 * 1024

export async function createEngine(module: WebAssembly.Module): Promise<Engine> {
  const memory = new WebAssembly.Memory({ initial: initialPages, maximum: maxPages })
  // Its types are those of the CommonJS build, where the variant is a member.
  const base = variant as unknown as QuickJSSyncVariant
  const quickjs = await newQuickJSWASMModuleFromVariant(
    newVariant(base, { wasmModule: module, wasmMemory: memory }),
  )
  return { quickjs, isBloated: () => memory.buffer.byteLength > bloatedBytes }
}
