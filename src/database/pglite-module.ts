import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { setFlagsFromString } from 'node:v8'

let compiled: Promise<WebAssembly.Module> | undefined

/** PGlite's WebAssembly, for all engines of the process: to compile it takes a second. Within `withBaseline`. */
export function compileOnce(): Promise<WebAssembly.Module> {
  compiled ??= compile().catch(error => {
    compiled = undefined
    throw error
  })
  return compiled
}

async function compile(): Promise<WebAssembly.Module> {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite')
  return WebAssembly.compile(await readFile(new URL('pglite.wasm', `file://${entry}`)))
}

// V8 needs 600 MB for one of PGlite's functions alone. Its baseline compiler takes next to nothing, and its code runs a
// query in about 15 % more time. What a module is compiled by is settled while it is instantiated.
const baseline = ['--liftoff-only', '--no-wasm-tier-up', '--no-wasm-dynamic-tiering']
const standard = ['--no-liftoff-only', '--wasm-tier-up', '--wasm-dynamic-tiering']
let starting = 0

/**
 * Starts an engine, in whichever thread, that takes 140 MB instead of 420, or of 1.1 GB while V8 optimizes it. The flags
 * hold for the whole process, so they are reset: the code of scripts should be optimized.
 */
export async function withBaseline<T>(start: () => Promise<T>): Promise<T> {
  if (starting++ === 0) baseline.forEach(setFlagsFromString)
  try {
    return await start()
  } finally {
    if (--starting === 0) standard.forEach(setFlagsFromString)
  }
}
