type Headers = Readonly<Record<string, string>>

/** What the client itself says about the connection and the framing, and `accept-encoding`: it unpacks nothing. */
const reserved: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

// RFC 9110, section 5.
const token = /^[!#$%&'*+.^_`|~\w-]+$/
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/

/** Whether a caller may send this header: well formed (no CR or LF) and not the client's own business. */
function isSafe(name: string, value: string): boolean {
  return token.test(name) && !reserved.has(name.toLowerCase()) && fieldValue.test(value)
}

/** The headers that may be sent, names in lower case; the others are dropped (a script may bring any). */
export function safeHeaders(headers: Headers): Record<string, string> {
  const kept = Object.entries(headers).filter(([name, value]) => isSafe(name, value))
  return Object.fromEntries(kept.map(([name, value]) => [name.toLowerCase(), value]))
}

/** Throws TypeError for a header that may not be sent. */
export function requireSafeHeaders(headers: Headers): void {
  for (const [name, value] of Object.entries(headers)) {
    if (!isSafe(name, value)) throw new TypeError(`the header ${JSON.stringify(name)} may not be sent`)
  }
}

/** Throws TypeError for a method that is not a token, or that asks for more than one answer. */
export function requireSafeMethod(method: string): void {
  if (!token.test(method) || /^(?:connect|trace|track)$/i.test(method)) {
    throw new TypeError(`the method ${JSON.stringify(method)} may not be sent`)
  }
}
