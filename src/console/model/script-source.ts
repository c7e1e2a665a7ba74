/** The text of a script that the server gives and takes as base64 of UTF-8. Throws for what is none. */
export function sourceOfBase64(encoded: string): string {
  const bytes = Uint8Array.from(atob(encoded), character => character.charCodeAt(0))
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
}

export function base64OfSource(source: string): string {
  // One by one: a script may have more characters than a function takes arguments.
  let binary = ''
  for (const byte of new TextEncoder().encode(source)) binary += String.fromCharCode(byte)
  return btoa(binary)
}

/** Where the server could not read a script any further; from 1. */
export interface SyntaxFault {
  readonly message: string
  readonly line: number
  readonly column: number
}

/** What a fault of the server (`script_syntax_error`) says about the source; undefined for any other. */
export function syntaxFaultOf(error: unknown): SyntaxFault | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { reason, message, data } = error as { reason?: unknown; message?: unknown; data?: unknown }
  if (reason !== 'script_syntax_error' || typeof data !== 'object' || data === null) return undefined
  const { line, column } = data as { line?: unknown; column?: unknown }
  if (typeof line !== 'number') return undefined
  // The source is the only parameter that this is about.
  return {
    message: String(message).replace(/^js_script_base64: /, ''),
    line,
    column: typeof column === 'number' ? column : 1,
  }
}

/** What a new script begins with. */
export const newSource = `export default {
  async onCall(params, env, ctx) {
    console.log('called with', params)
    return { ok: true }
  },
}
`
