import { randomFillSync } from 'node:crypto'
import type { QuickJSContext } from 'quickjs-emscripten-core'

const seedBytes = 8

/** Addresses that the library keeps to itself. */
interface Internals {
  readonly ctx: { readonly value: number }
}

/** Gives Math.random of a context a new seed: a restored image would go through the same numbers again. */
export function createSeeder(memory: WebAssembly.Memory): (context: QuickJSContext) => void {
  let address: number | undefined
  const seeds = new Uint8Array(128 * seedBytes)
  let used = seeds.length
  return context => {
    address ??= seedAddress(memory, context)
    if (used === seeds.length) {
      randomFillSync(seeds)
      used = 0
    }
    new Uint8Array(memory.buffer).set(seeds.subarray(used, used + seedBytes), address)
    used += seedBytes
  }
}

/**
 * Where a context keeps the state of Math.random, which QuickJS takes from the time when it makes a context. Found by
 * what changes as the generator (xorshift64*) changes it.
 */
function seedAddress(memory: WebAssembly.Memory, context: QuickJSContext): number {
  const { value } = (context as unknown as Internals).ctx
  const words = () => new BigUint64Array(memory.buffer, value, 64).slice()
  const before = words()
  context.unwrapResult(context.evalCode('Math.random()')).dispose()
  const after = words()
  const found = [...before.keys()].filter(
    i => before[i] !== after[i] && nextState(before[i] ?? 0n) === after[i],
  )
  const [at] = found
  if (at === undefined || found.length > 1) throw new Error('this build of the script engine is not known')
  return value + at * seedBytes
}

function nextState(state: bigint): bigint {
  let next = state
  next ^= next >> 12n
  next ^= BigInt.asUintN(64, next << 25n)
  return next ^ (next >> 27n)
}
