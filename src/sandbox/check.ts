import type { Engine } from './engine.ts'
import { importFaultOf, syntaxFaultOf } from './fault.ts'
import { createGuest } from './guest.ts'
import { checkMs } from './message.ts'
import { type SyntaxFault, scriptBounds } from './script.ts'

const checkHeapBytes = 64 * 1024 * 1024

/** Compiles a module without running it. Throws when the engine itself fails. */
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
  const compiled = guest.context.evalCode(source, 'script', { type: 'module', compileOnly: true })
  if (!compiled.error) {
    compiled.value.dispose()
    return undefined
  }
  const thrown = guest.describe(compiled.error)
  return imported === undefined ? syntaxFaultOf(thrown) : importFaultOf(source, imported)
}
