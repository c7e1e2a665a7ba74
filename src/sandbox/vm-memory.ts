import { scriptBounds } from './script.ts'

/** All that is alive in a VM's memory, copied at a moment when nothing runs. */
export interface Image {
  readonly bytes: number
  /** Each with its address. */
  readonly parts: readonly (readonly [number, Uint8Array])[]
}

/** The module's own allocator. */
interface Allocator {
  _malloc(bytes: number): number
  _free(address: number): void
}

const pageBytes = 64 * 1024
/** What the module asks for when it starts. */
const initialPages = 256
/** Free at the start: a script that needs more makes the memory grow, and that shows that it did. */
const freeAtStart = 2 * 1024 * 1024
/** A VM whose memory has grown by more than this is not used again. */
const keptPages = 128
/**
 * Emscripten grows by at least a twentieth, so the last of the memory cannot be used. With less, a script with the default
 * heap could hold less than it could before the libraries were loaded in parts.
 */
const growthSlack = 18 * pageBytes
/** Behind the module's data, before its heap. What is left in it means nothing between two calls. */
const moduleStackBytes = 5 * 1024 * 1024
/** What the allocator keeps before and behind a block. */
const blockEdge = 64
const zeros = Buffer.alloc(4096)

/** A text is copied in as UTF-8, then made a string of at most two bytes a unit. */
const bytesPerUnit = 5
/** What a call needs besides its texts. */
const callBytes = 64 * 1024

/**
 * A WebAssembly memory that holds a script to its heap. QuickJS's own limit counts 8 bytes an allocation in this build,
 * whatever its size, so only the size of the memory is a real limit.
 */
export function memoryFor(wantedHeap: number): { memory: WebAssembly.Memory; maxPages: number } {
  const heapBytes = Math.min(wantedHeap, scriptBounds.maxHeapBytes)
  const growth = Math.max(heapBytes - freeAtStart, 0) + growthSlack
  const maxPages = initialPages + Math.ceil(growth / pageBytes)
  return { memory: new WebAssembly.Memory({ initial: initialPages, maximum: maxPages }), maxPages }
}

/** Fills the memory of a module that has just started, so that a script finds only what it may use. */
export function createVmMemory({ memory, maxPages }: ReturnType<typeof memoryFor>, allocator: Allocator) {
  const heapStart = allocator._malloc(1)
  // Never touched, so it takes no real memory.
  const ballastBytes = initialPages * pageBytes - heapStart - freeAtStart
  const ballast = allocator._malloc(ballastBytes)
  const ballastEnd = ballast + ballastBytes
  const dataEnd = Math.ceil((heapStart - moduleStackBytes) / pageBytes) * pageBytes
  let isRelieved = false

  /** True when this many bytes can be copied in; the library would write them anywhere otherwise. */
  function hasRoom(bytes: number): boolean {
    const address = allocator._malloc(bytes)
    allocator._free(address)
    return address !== 0
  }

  /** True when a call with these texts has room. */
  function hasRoomFor(texts: readonly string[], bytes = 0): boolean {
    return hasRoom(texts.reduce((sum, text) => sum + text.length * bytesPerUnit, callBytes + bytes))
  }

  /** True when a script has used up its heap. */
  function isFull(): boolean {
    return memory.buffer.byteLength > Math.max(initialPages, maxPages * 0.9) * pageBytes
  }

  /** False when the memory has grown so far that its VM is replaced: memory never shrinks. */
  function isSmall(): boolean {
    return !isFull() && memory.buffer.byteLength <= (initialPages + keptPages) * pageBytes
  }

  /** Gives room beyond the heap, so that the end of a run can be described. */
  function relieve(): void {
    if (!isRelieved) allocator._free(ballast)
    isRelieved = true
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

  /** Makes everything as it was at the capture: what came later is gone, and handles of it mean nothing. */
  function restore({ parts }: Image): void {
    const all = new Uint8Array(memory.buffer)
    for (const [address, bytes] of parts) all.set(bytes, address)
    isRelieved = false
  }

  /** After `restore`: overwrites what the image does not hold, so that not even a fault of QuickJS could find it again. */
  function wipe({ parts }: Image): void {
    const [address, bytes] = parts.at(-1) ?? [ballastEnd, []]
    new Uint8Array(memory.buffer).fill(0, address + bytes.length, usedEnd(memory))
  }

  return { hasRoom, hasRoomFor, isFull, isSmall, relieve, capture, restore, wipe }
}

/** Behind the last page that holds anything. */
function usedEnd(memory: WebAssembly.Memory): number {
  const all = Buffer.from(memory.buffer)
  let end = all.length
  while (end > 0 && all.compare(zeros, 0, zeros.length, end - zeros.length, end) === 0) end -= zeros.length
  return end
}
