import type { Engine } from './engine.ts'
import { importFaultOf, syntaxFaultOf } from './fault.ts'
import { createGuest } from './guest.ts'
import { checkMs } from './message.ts'
import { type SyntaxFault, scriptBounds } from './script.ts'

export const checkHeapBytes = 64 * 1024 * 1024

/** Compiles a module without running it; the engine is used up by that. Throws when the engine itself fails. */
export function compileOnly(engine: Engine, source: string): SyntaxFault | undefined {
  const deadline = performance.now() + checkMs
  let imported: string | undefined
  const guest = createGuest({
    engine,
    host: () => undefined,
    interrupt: () => performance.now() >= deadline,
    onImport: specifier => {
      imported ??= specifier
    },
  })
  guest.limit(checkHeapBytes, scriptBounds.maxStackBytes)
  const { thrown } = guest.evaluate(source, 'script', true)
  if (thrown === undefined) return undefined
  return imported === undefined ? syntaxFaultOf(thrown) : importFaultOf(source, imported)
}
