import { parseHostPattern } from '../outbound/host-pattern.ts'

/** Why `text` is no host that a script may be allowed to fetch from, or undefined when it is one. */
export function fetchHostFault(text: string): string | undefined {
  try {
    parseHostPattern(text)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : 'cannot be read'
  }
}
