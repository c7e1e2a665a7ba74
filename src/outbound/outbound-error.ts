/** Why a request to an address that a user gave got no answer. */
export type OutboundFault =
  | 'bad_url'
  | 'address_forbidden'
  | 'host_forbidden'
  | 'name_not_found'
  | 'timeout'
  | 'connection_failed'
  | 'cancelled'

const neverCured: ReadonlySet<OutboundFault> = new Set(['bad_url', 'address_forbidden', 'host_forbidden'])

/** Its message starts with the reason, and names neither the addresses a name has nor anything secret. */
export class OutboundError extends Error {
  readonly reason: OutboundFault
  /** Whether the same request may succeed later. */
  readonly retryable: boolean

  constructor(reason: OutboundFault, detail: string, cause?: unknown) {
    super(`${reason}: ${detail}`, { cause })
    this.name = 'OutboundError'
    this.reason = reason
    this.retryable = !neverCured.has(reason)
  }
}
