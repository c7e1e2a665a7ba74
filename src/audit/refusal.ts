import { hasCode, RpcError } from '../errors.ts'
import type { Identity } from '../permission/grant.ts'
import { RefusedCredential } from '../permission/refused-credential.ts'
import { type AuditEntry, entryOf, noToken, whoIs } from './entry.ts'
import type { OftenTold } from './often.ts'

/** What was called, and by whom. */
export interface Refused {
  readonly method: string
  /** Whether it would have changed something that the trail tells of: then its failures are told, too. */
  readonly isAudited: boolean
  /** Absent where no credential held. */
  readonly caller: Identity | undefined
  readonly address: string | undefined
}

/** Tells of calls that were denied, and of failed ones that would have changed something. */
export interface Refusals {
  note(refused: Refused, error: unknown): void
}

export function createRefusals(told: OftenTold, clock: () => number): Refusals {
  return {
    note(refused, error) {
      const outcome = outcomeOf(refused, error)
      if (outcome === undefined) return
      const who = refused.caller?.tokenKey ?? refused.address ?? ''
      told.note(who, { ...entryOfRefusal(refused, error, clock()), outcome })
    },
  }
}

function outcomeOf({ isAudited, caller }: Refused, error: unknown): 'denied' | 'failed' | undefined {
  if (hasCode(error, 'permission_denied', 'malformed_credential')) return 'denied'
  if (!isAudited || caller === undefined) return undefined
  return hasCode(error, 'invalid_params') ? undefined : 'failed'
}

/** Nothing of it is what a client wrote: neither an unknown key or username, nor a parameter. */
function entryOfRefusal({ method, caller, address }: Refused, error: unknown, time: number): AuditEntry {
  const reason = error instanceof RpcError ? error.data.reason : 'internal_error'
  const known = { time, method, address: address ?? null, outcome: 'denied', reason } as const
  if (caller !== undefined) return entryOf({ ...known, ...whoIs(caller) })
  const token_key = error instanceof RefusedCredential ? error.tokenKey : noToken.stranger
  // The caller is told no more than that it is denied.
  const why = reason === 'permission_denied' ? 'credential_refused' : reason
  return entryOf({ ...known, token_key, reason: why })
}
