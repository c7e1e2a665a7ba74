import ipaddr from 'ipaddr.js'

/** Whether a text is an IP address or a range of them, such as 10.0.0.0/8. */
export function isAddressRange(text: string): boolean {
  return ipaddr.isValid(text) || ipaddr.isValidCIDR(text)
}

/** Tells whether an address is one of these, or lies in one of these ranges. */
export function addressMatcher(ranges: readonly string[]): (address: string) => boolean {
  const parsed = ranges.map(text => ipaddr.parseCIDR(text.includes('/') ? text : `${text}/${bitsOf(text)}`))
  return text => {
    if (!ipaddr.isValid(text)) return false
    const address = ipaddr.process(text)
    return parsed.some(range => range[0].kind() === address.kind() && address.match(range))
  }
}

function bitsOf(address: string): number {
  return ipaddr.parse(address).kind() === 'ipv4' ? 32 : 128
}

/**
 * What the share of an address is counted under: an IPv6 address counts as its /64, which is what one subscriber of a
 * network gets. What is no address counts as it stands.
 */
export function shareAddress(text: string): string {
  const known = shares.get(text)
  if (known !== undefined) return known
  const share = readShare(text)
  if (shares.size >= maxShares) shares.clear()
  shares.set(text, share)
  return share
}

/** Every request asks, and most come from few addresses. */
const shares = new Map<string, string>()
const maxShares = 1000

function readShare(text: string): string {
  if (!ipaddr.isValid(text)) return text
  const address = ipaddr.process(text)
  if (address.kind() === 'ipv4') return address.toString()
  const network = (address as ipaddr.IPv6).parts.slice(0, 4).map(part => part.toString(16))
  return `${network.join(':')}::/64`
}
