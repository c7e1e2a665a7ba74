import { isIP, isIPv4 } from 'node:net'

export interface OriginSettings {
  /** The address the server listens on. */
  readonly host: string
  /** More names that a Host header may hold, lower case, without ports; `*.example`: the subdomains. */
  readonly allowedHosts: readonly string[]
  /** Foreign web origins that may call, e.g. `https://console.example` or `https://*.example`. */
  readonly allowedOrigins: readonly string[]
}

/** Who may call from a browser: a page elsewhere must reach us neither directly nor by DNS rebinding. */
export interface OriginRules {
  /** Whether a Host header names this server; its port does not matter. */
  allowsHost(host: string | undefined): boolean
  /** Whether an Origin header is absent, this server's own (it has the `host` of the request) or listed. */
  allowsOrigin(origin: string | undefined, host: string | undefined): boolean
  /** Whether an origin is foreign and listed: only then do answers carry CORS headers. */
  isListed(origin: string | undefined): origin is string
}

export function createOriginRules({ host, allowedHosts, allowedOrigins }: OriginSettings): OriginRules {
  const isWildcard = host === '0.0.0.0' || host === '::'
  const isOurs = createMatcher(['localhost', '[::1]', bracketed(host).toLowerCase(), ...allowedHosts])
  const isListed = createMatcher(allowedOrigins)
  return {
    allowsHost(header) {
      const name = nameOf(header)
      if (name === undefined) return false
      if (isOurs(name)) return true
      return isIPv4(name) ? isWildcard || name.startsWith('127.') : isWildcard && isIP(bare(name)) !== 0
    },
    allowsOrigin: (origin, header) => origin === undefined || isListed(origin) || isSameHost(origin, header),
    isListed: (origin): origin is string => origin !== undefined && isListed(origin),
  }
}

/** Whether a text is one of `patterns`, in which `*.` stands for one or more labels of a name. */
function createMatcher(patterns: readonly string[]): (text: string) => boolean {
  const isWild = (pattern: string): boolean => pattern.includes('*')
  const exact = new Set(patterns.filter(pattern => !isWild(pattern)))
  const wild = patterns.filter(isWild).map(pattern => pattern.split('*'))
  return text =>
    exact.has(text) ||
    wild.some(([before = '', after = '']) => {
      const isFramed = text.startsWith(before) && text.endsWith(after)
      return isFramed && labels.test(text.slice(before.length, -after.length))
    })
}

// No more than names have, lest the rest of a URL pass for a subdomain.
const labels = /^[\w-]+(?:\.[\w-]+)*$/

const hostHeader = /^(\[[\da-f:.]+\]|[^\s:/\\@[\]]+)(?::\d{1,5})?$/i

function nameOf(header: string | undefined): string | undefined {
  return header === undefined ? undefined : hostHeader.exec(header)?.[1]?.toLowerCase()
}

/**
 * Compared as URLs, because browsers leave a scheme's own port out. An opaque origin (`null`) is nobody's.
 */
function isSameHost(origin: string, header: string | undefined): boolean {
  const url = URL.parse(origin)
  if (url === null || !/^https?:$/.test(url.protocol)) return false
  return URL.parse(`${url.protocol}//${header}`)?.host === url.host
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}

function bare(name: string): string {
  return name.replace(/^\[|\]$/g, '')
}
