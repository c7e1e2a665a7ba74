import { isIP } from 'node:net'
import { parseAllow, requireAddresses } from './address.ts'
import { hostAndPortOf } from './host-pattern.ts'
import { OutboundError } from './outbound-error.ts'

/** Throws OutboundError `bad_url`. */
export function parseRequestUrl(text: string): URL {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) throw badUrl('expected an http or https URL')
  if (url.username !== '' || url.password !== '') throw badUrl('credentials do not belong in a URL')
  return url
}

/**
 * What is wrong with a URL that is to be asked later, or undefined; `allow` as for `createOutbound`. Only an
 * address that stands in it is checked already: a name may have another one by then.
 */
export function requestUrlFault(text: string, allow: readonly string[]): string | undefined {
  try {
    const target = hostAndPortOf(parseRequestUrl(text))
    if (isIP(target.host) !== 0) requireAddresses(target, [target.host], allow.map(parseAllow))
    return undefined
  } catch (error) {
    if (error instanceof OutboundError) return error.message
    throw error
  }
}

function badUrl(detail: string): OutboundError {
  return new OutboundError('bad_url', detail)
}
