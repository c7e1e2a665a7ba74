import type { Engine } from './engine.ts'
import { importFaultOf, syntaxFaultOf } from './fault.ts'
import { createGuest } from './guest.ts'
import { checkMs } from './message.ts'
import { type SyntaxFault, scriptBounds } from './script.ts'

export const checkHeapBytes = 64 * 1024 * 1024

/** UTF-8 takes three for a UTF-16 unit; the rest is for what is made of it. */
const bytesPerUnit = 5

/** Frames of this module and of the one that is checked. */
const root = '<check>'
const script = 'script'

/**
 * Compiles a module without running it; the engine is used up by that. Throws when the engine itself fails.
 * A module that imports it and then one that does not exist has it compiled, and nothing runs before both are there.
 * (The engine's own way to compile only reads memory that is none once it succeeds.)
 */
export function compileOnly(engine: Engine, source: string): SyntaxFault | undefined {
  const deadline = performance.now() + checkMs
  let imported: string | undefined
  let isCompiled = false
  const guest = createGuest({
    engine,
    host: () => undefined,
    interrupt: () => performance.now() >= deadline,
    onImport: () => undefined,
  })
  guest.runtime.setModuleLoader(
    name => (name === script ? source : { error: new TypeError('there is no such module') }),
    (from, specifier) => {
      if (from !== root) imported ??= specifier
      else if (specifier === script) return script
      else isCompiled = true
      return { error: new TypeError('there is no such module') }
    },
  )
  guest.limit(checkHeapBytes, scriptBounds.maxStackBytes)
  if (!engine.hasRoom(source.length * bytesPerUnit)) throw new RangeError('the source is too large')
  const { thrown } = guest.evaluate(`import '${script}'; import 'end'`, root)
  if (imported !== undefined) return importFaultOf(source, imported)
  return isCompiled || thrown === undefined ? undefined : syntaxFaultOf(thrown)
}
