import { isIP } from 'node:net'

type Takes = (value: string) => boolean

const isAddress: Takes = value => isIP(value) !== 0
const isPort: Takes = value => /^\d{1,5}$/.test(value)
const isUrl: Takes = value => /^(?:tcp|udp|sctp):\/\/\S+:\d{1,5}$/.test(value)
const isProtocol: Takes = value => /^(?:tcp|udp|sctp)$/.test(value)

/** How such a variable ends, behind the name of its Service, and what it holds. */
const forms: readonly (readonly [RegExp, Takes])[] = [
  [/_SERVICE_HOST$/, isAddress],
  [/_SERVICE_PORT(?:_[A-Z0-9_]+)?$/, isPort],
  [/_PORT$/, isUrl],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)$/, isUrl],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)_PROTO$/, isProtocol],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)_PORT$/, isPort],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)_ADDR$/, isAddress],
]

/**
 * Whether Kubernetes sets this variable (or Docker, for its links): it describes each Service of the namespace to every
 * container, so that beside one named daybook or daybook-web variables begin like our own settings.
 */
export function isServiceLink(name: string, value: string): boolean {
  return forms.some(([form, takes]) => form.test(name) && takes(value))
}
