import { importFaultOf, syntaxFaultOf } from './fault.ts'
import type { Guest } from './guest.ts'
import { checkMs } from './message.ts'
import { type SyntaxFault, scriptBounds } from './script.ts'

export const checkHeapBytes = 64 * 1024 * 1024

/** Compiles a module without running it. Throws when the engine itself fails. */
export function compileOnly(guest: Guest, source: string): SyntaxFault | undefined {
  const deadline = performance.now() + checkMs
  let imported: string | undefined
  const thrown = guest.begin({
    source,
    file: 'script',
    heapBytes: checkHeapBytes,
    stackBytes: scriptBounds.maxStackBytes,
    host: () => undefined,
    interrupt: () => performance.now() >= deadline,
    onImport: specifier => {
      imported ??= specifier
    },
  })
  if (imported !== undefined) return importFaultOf(source, imported)
  return thrown && syntaxFaultOf(thrown)
}
