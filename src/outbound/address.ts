import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { type HostAndPort, matchesHost, parseHostPattern, parsePort } from './host-pattern.ts'
import { OutboundError } from './outbound-error.ts'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Azure's own metadata and DNS service: a public address that answers only inside a virtual machine. */
const azureHost = '168.63.129.16'

/**
 * Whether an IP address is global unicast, so that a user may have it asked. False for anything else: private,
 * local and reserved ranges, other notations, zone ids, and every IPv6 form that carries an IPv4 address.
 */
export function isPublicAddress(text: string): boolean {
  const address = parseAddress(text)
  if (address === undefined || text === azureHost || address.range() !== 'unicast') return false
  return address.kind() === 'ipv4' || isGlobalUnicast(address as ipaddr.IPv6)
}

/** 2000::/3, all that has been handed out (RFC 4291, section 2.4): it leaves out what has no range of its own yet. */
function isGlobalUnicast({ parts: [first = 0] }: ipaddr.IPv6): boolean {
  return (first & 0xe000) === 0x2000
}

/** Whether a request for `target` may go to `address` although that is not public. */
export type AllowRule = (target: HostAndPort, address: string) => boolean

// `10.0.0.0/8`, `127.0.0.1:8080`, `[::1]:8080`, `[fd00::/8]`.
const ipv4Rule = /^([\d.]+)(?:\/(\d{1,2}))?(?::(\d{1,5}))?$/
const bracketRule = /^\[([\da-f:.]+)(?:\/(\d{1,3}))?\](?::(\d{1,5}))?$/i
const ipv6Rule = /^([\da-f]*:[\da-f:.]*:[\da-f:.]*)(?:\/(\d{1,3}))?$/i

/**
 * Reads one entry of the list of what may be asked although it is private: an address, a range or a host (then
 * whatever it resolves to), each with `:port` or for every port. Throws Error that says what was expected.
 */
export function parseAllow(text: string): AllowRule {
  const range = ipv4Rule.exec(text) ?? bracketRule.exec(text) ?? ipv6Rule.exec(text)
  if (range === null) {
    const pattern = parseHostPattern(text)
    return target => matchesHost(pattern, target)
  }
  const [, start = '', length, portText] = range
  const base = parseAddress(start)
  const port = parsePort(portText)
  if (base === undefined)
    throw new Error('expected addresses as 127.0.0.1, 10.0.0.0/8, [::1]:8080 or fd00::/8')
  const bits = base.kind() === 'ipv4' ? 32 : 128
  const prefix = length === undefined ? bits : Number(length)
  if (prefix > bits) throw new Error(`expected a range of at most /${bits}`)
  return (target, address) => (port === undefined || port === target.port) && isWithin(address, base, prefix)
}

/**
 * Throws OutboundError `address_forbidden` unless every address is public or allowed: which of several the
 * connection would take is chance.
 */
export function requireAddresses(
  target: HostAndPort,
  addresses: readonly string[],
  rules: readonly AllowRule[],
): void {
  const isAllowed = (address: string) =>
    isPublicAddress(address) || rules.some(allows => allows(target, address))
  if (addresses.every(isAllowed)) return
  throw new OutboundError(
    'address_forbidden',
    `the address of ${target.host} is not public; DAYBOOK_OUTBOUND_ALLOW lists those that may be asked all the same`,
  )
}

function isWithin(text: string, base: Address, prefix: number): boolean {
  const address = parseAddress(text)
  // An IPv4-mapped form is not a member of an IPv4 range: it must be listed itself.
  return address !== undefined && address.kind() === base.kind() && address.match(base, prefix)
}

function parseAddress(text: string): Address | undefined {
  // The package reads `0x7f.1` too; only what a socket takes as it stands counts. A zone id names a link of ours.
  return isIP(text) === 0 || text.includes('%') ? undefined : ipaddr.parse(text)
}
