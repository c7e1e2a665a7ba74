import { isIP, isIPv4 } from 'node:net'

/** Whom a request is for: the host of its URL as `hostAndPortOf` makes it, and the port. */
export interface HostAndPort {
  /** Lower case, punycode, no dot at the end, IPv6 without brackets. */
  readonly host: string
  readonly port: number
}

/** `example.com`, `*.example.com` (its subdomains, not itself), each with `:port` or for every port. */
export interface HostPattern {
  readonly host: string
  readonly subdomains: boolean
  readonly port: number | undefined
}

const schemePorts: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }

export function hostAndPortOf(url: URL): HostAndPort {
  const port = url.port === '' ? (schemePorts[url.protocol] ?? 0) : Number(url.port)
  return { host: bareHost(url.hostname), port }
}

// Nothing that ends the host in a URL, lest `a@b` or `a#b` stand for another host than the one read.
const pattern = /^(\*\.)?(\[[\da-f:.]+\]|[^\s*:/?#@\\%[\]]+)(?::(\d{1,5}))?$/i

/** Throws Error that says what was expected. */
export function parseHostPattern(text: string): HostPattern {
  const [, star, name = '', port] = pattern.exec(text) ?? []
  const host = bareHost(URL.parse(`http://${name}`)?.hostname ?? '')
  const isAddress = isIP(host) !== 0
  // `127.1` is an address in a URL; written here it would hide which one.
  const isDisguised = isIPv4(host) && host !== name
  if (host === '' || isDisguised || (isAddress && star !== undefined)) throw expected()
  return { host, subdomains: star !== undefined, port: parsePort(port) }
}

export function matchesHost({ host, subdomains, port }: HostPattern, target: HostAndPort): boolean {
  if (port !== undefined && port !== target.port) return false
  return subdomains ? target.host.endsWith(`.${host}`) : target.host === host
}

/** The port of a pattern, or undefined for every port. Throws Error. */
export function parsePort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = Number(text)
  if (port < 1 || port > 65_535) throw new Error('expected ports from 1 to 65535')
  return port
}

function bareHost(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
}

function expected(): Error {
  return new Error('expected hosts such as example.com, *.example.com or example.com:8443')
}
