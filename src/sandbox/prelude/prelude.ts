import type { Kit } from '../library/kit.ts'
import type { Libraries, Made } from '../library/sources.ts'
import { callPart } from './calls.ts'
import { globalPart } from './globals.ts'
import { startPart } from './start.ts'
import { thrownPart } from './thrown.ts'

const parts = { callPart, thrownPart, globalPart, startPart }

/**
 * Runs inside the script's own context, before the script: its source text is evaluated there, so it may use nothing
 * from outside itself. It takes every intrinsic it needs first, because the script can replace them all; for the
 * same reason it spreads no arrays, calls no methods of prototypes, and keeps its tables in objects without one.
 * What few runs use comes from libraries, which are evaluated when a script first asks for them.
 */
function prelude(
  host: Kit['host'],
  maxResultLength: number,
  maxTextLength: number,
  { callPart, thrownPart, globalPart, startPart }: typeof parts,
) {
  const { parse, stringify } = JSON
  const { apply } = Reflect
  const NativeString = String
  const made: Partial<Made> = Object.create(null)

  function native(name: string, args: readonly unknown[], ...buffers: ArrayBuffer[]): unknown {
    const given: Parameters<Kit['host']> = ['native', name, stringify(args)]
    for (let i = 0; i < buffers.length; i++) given[i + 3] = buffers[i] as ArrayBuffer
    const answer = apply(host, undefined, given)
    if (typeof answer !== 'string') return answer
    const { value, error } = parse(answer)
    if (error !== undefined) throw library('exception').errorOf(error)
    return value
  }

  function library<K extends keyof Libraries>(name: K): Made[K] {
    const found = (made[name] ?? (host('library', name) as (kit: Kit<Libraries>) => Made[K])(kit)) as Made[K]
    made[name] = found
    return found
  }

  function display(value: unknown): string {
    try {
      if (typeof value === 'string') return value
      if ((typeof value !== 'object' && typeof value !== 'function') || value === null)
        return NativeString(value)
      return library('inspect').inspect(value, maxTextLength)
    } catch {
      return '[unprintable]'
    }
  }

  function fail(error: unknown): void {
    // A script that filled its heap leaves no room to describe that.
    host('relieve')
    host('failed', describe(error))
  }

  const { request, answer } = callPart(host)
  const kit: Kit<Libraries> = { host, native, library, request, display, fail, maxTextLength }
  const { describe } = thrownPart(kit)
  globalPart(kit)
  const { prepare, start } = startPart(kit, made, maxResultLength)
  return { prepare, start, answer, fire: (id: number) => made.timers?.fire(id), describe }
}

/** An object of functions. Each is evaluated by itself: QuickJS keeps the text of a function, and with it that of all inside. */
export const preludeSource = `({ ${Object.entries({ prelude, ...parts }).map(([name, part]) => `${name}: ${part}`)} })`
