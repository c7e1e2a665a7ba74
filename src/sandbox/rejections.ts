/**
 * QuickJS reports each promise that is rejected before anything awaits it, and each that is awaited later
 * (JS_SetHostPromiseRejectionTracker), but this build does not export the function that sets the tracker. So the tracker is
 * written where that function would put it: right behind the interrupt handler in the runtime. That takes the
 * module's table of functions, and a function of the right type in it.
 */

/** `promise` and `reason` are JSValues, the bits of which are 64. */
export type RejectionListener = (promise: bigint, reason: bigint, isAwaited: boolean) => void

interface HookOptions {
  readonly memory: WebAssembly.Memory
  readonly exports: WebAssembly.Exports
  /** Sets, and takes away, the interrupt handler of the runtime at this address. */
  readonly enableInterrupt: (runtime: number) => void
  readonly disableInterrupt: (runtime: number) => void
}

const exportSection = 7
const tableName = '__table'
const tableKind = 1

/** (context, promise, reason, is_handled, opaque) as an import `a.b`, handed out again as the export `c`. */
const trampoline = new Uint8Array([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 9, 1, 0x60, 5, 0x7f, 0x7e, 0x7e, 0x7f, 0x7f, 0, 2, 7, 1, 1, 0x61, 1,
  0x62, 0, 0, 7, 5, 1, 1, 0x63, 0, 0,
])

/** The same module with its table exported. Throws for anything else than WebAssembly. */
export function withTable(module: Uint8Array): Uint8Array<ArrayBuffer> {
  for (let at = 8; at < module.length; ) {
    const [size, start] = readCount(module, at + 1)
    if (module[at] === exportSection) return withEntry(module, { at, start, end: start + size })
    at = start + size
  }
  throw new Error('the script engine has no exports')
}

function withEntry(
  module: Uint8Array,
  { at, start, end }: { readonly at: number; readonly start: number; readonly end: number },
): Uint8Array<ArrayBuffer> {
  const [count, entries] = readCount(module, start)
  const entry = [tableName.length, ...Buffer.from(tableName), tableKind, 0]
  const section = Buffer.concat([countBytes(count + 1), module.subarray(entries, end), Buffer.from(entry)])
  return Buffer.concat([
    module.subarray(0, at),
    Buffer.from([exportSection]),
    countBytes(section.length),
    section,
    module.subarray(end),
  ])
}

/** A LEB128 number, and where it ends. */
function readCount(bytes: Uint8Array, at: number): readonly [number, number] {
  let value = 0
  for (let i = 0; ; i++) {
    const byte = bytes[at + i] ?? 0
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return [value, at + i + 1]
  }
}

function countBytes(value: number): Uint8Array {
  return value < 0x80
    ? Buffer.from([value])
    : Buffer.concat([Buffer.from([(value % 0x80) | 0x80]), countBytes(Math.floor(value / 0x80))])
}

/** Returns what has the runtime at an address tell a listener from now on. */
export function createRejectionHook({ memory, exports, enableInterrupt, disableInterrupt }: HookOptions) {
  const table = exports[tableName] as WebAssembly.Table
  let listener: RejectionListener | undefined
  const imports = {
    a: {
      b: (_context: number, promise: bigint, reason: bigint, isAwaited: number) =>
        listener?.(promise, reason, isAwaited !== 0),
    },
  }
  const index = table.grow(1)
  table.set(index, new WebAssembly.Instance(new WebAssembly.Module(trampoline), imports).exports.c)

  function install(runtime: number, told: RejectionListener): void {
    listener = told
    new Int32Array(memory.buffer)[runtime / 4 + trackerOffset(runtime)] = index
  }

  /** Behind the handler and its argument; found by what changes when the handler is set. */
  function trackerOffset(runtime: number): number {
    const words = () => new Int32Array(memory.buffer, runtime, 128).slice()
    disableInterrupt(runtime)
    const before = words()
    enableInterrupt(runtime)
    const after = words()
    const changed = [...after.keys()].filter(i => before[i] !== after[i])
    const [at] = changed
    if (at === undefined || changed.length > 1 || after[at + 2] !== 0 || after[at + 3] !== 0) {
      throw new Error('this build of the script engine is not known')
    }
    return at + 2
  }

  return install
}
