import { LRUCache } from 'lru-cache'
import type { QuickJSContext, QuickJSHandle } from 'quickjs-emscripten-core'
import { librarySources } from './library/sources.ts'
import { preludeFile } from './thrown.ts'
import type { Vm } from './vm.ts'
import type { Image } from './vm-memory.ts'

interface Realm {
  /** With the module compiled, and these libraries. */
  readonly image: Image
  readonly libraries: ReadonlyMap<string, QuickJSHandle>
  /** What its runs have asked for besides: the next one is made with them. */
  readonly missing: Set<string>
}

/** Of all images; a realm larger than a quarter of that is compiled for each run. */
const maxImageBytes = 4 * 1024 * 1024

/**
 * The fresh global objects that runs begin in, each as the memory it was compiled into. The memory at this moment is what a
 * realm without a module begins with.
 */
export function createRealms(vm: Vm, context: QuickJSContext) {
  vm.seed(context)
  const blank = vm.capture()
  const realms = new LRUCache<string, Realm>({
    maxSize: maxImageBytes,
    maxEntrySize: maxImageBytes / 4,
    sizeCalculation: ({ image }) => image.bytes,
  })
  let last = blank
  let libraries: Realm['libraries'] = new Map()
  /** Libraries that the run has asked for and its realm did not have. */
  let missing = new Set<string>()

  /** Begins in a realm that nothing has run in. True when the module with this key is compiled in it already. */
  function enter(key: string): boolean {
    const known = realms.get(key)
    const isWhole = known?.missing.size === 0
    restore(isWhole ? known.image : blank)
    libraries = isWhole ? known.libraries : new Map()
    missing = isWhole ? known.missing : new Set()
    return isWhole
  }

  function restore(image: Image): void {
    vm.restore(image)
    // Between runs of the same script that would cost more than the runs.
    if (image !== last || image === blank) vm.wipe(image)
    last = image
    vm.seed(context)
  }

  /** Keeps the realm for later runs, now that the module has been compiled in it. */
  function keep(key: string): void {
    if (!vm.isSmall()) return
    const known = realms.peek(key)
    const used = known === undefined ? [] : [...known.libraries.keys(), ...known.missing]
    libraries = new Map(used.map(name => [name, compile(name)]))
    last = vm.capture()
    realms.set(key, { image: last, libraries, missing })
  }

  /** The function that makes a library. */
  function library(name: string): QuickJSHandle {
    const compiled = libraries.get(name)
    if (compiled !== undefined) return compiled.dup()
    missing.add(name)
    return compile(name)
  }

  function compile(name: string): QuickJSHandle {
    const source = librarySources.get(name) ?? ''
    if (!vm.hasRoomFor([source])) throw new RangeError('out of memory')
    return context.unwrapResult(context.evalCode(source, preludeFile, { strict: true }))
  }

  return { enter, keep, library }
}
