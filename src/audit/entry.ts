import { hash } from 'node:crypto'
import { stringifyJson } from '../json.ts'
import { type Identity, originsOf } from '../permission/grant.ts'

/** What stands in a token key's place where there is no token: Daybook itself, and a caller who showed none that holds. */
export const noToken = { server: 'server', stranger: 'stranger' } as const

/** Who does something, by which method. */
export interface Actor {
  readonly caller: Identity
  readonly method: string
  /** Where the call comes from; undefined: from a script. */
  readonly address: string | undefined
}

/** Something that was done, or that a dry run would do. */
export interface Deed {
  readonly by: Actor
  readonly resource?: string | undefined
  /** The name of the definition, or the key of the token. */
  readonly target?: string | undefined
  /** Names of the members that were given: their values may be secrets. */
  readonly members?: readonly string[]
  readonly condition?: readonly unknown[]
  readonly isDryRun?: boolean
  /** Absent where the statement that does it finds that out. */
  readonly affected?: number
  /** Those of the records that were affected. */
  readonly ids?: readonly number[]
}

/** A row of the audit trail but for its id and the token's name; `time`: epoch milliseconds. */
export interface AuditEntry {
  readonly time: number
  readonly token_key: string
  readonly other_keys: readonly string[] | null
  readonly address: string | null
  readonly method: string
  readonly resource: string | null
  readonly target: string | null
  readonly members: readonly string[] | null
  readonly condition: unknown
  readonly dry_run: boolean | null
  readonly affected: number | null
  readonly ids: unknown
  readonly ids_digest: string | null
  readonly outcome: 'success' | 'denied' | 'failed'
  readonly reason: string | null
  readonly repeated: number
}

/** Ids that a row holds; the digest tells of all. */
export const maxIds = 100

const nothing = {
  other_keys: null,
  address: null,
  resource: null,
  target: null,
  members: null,
  condition: null,
  dry_run: null,
  affected: null,
  ids: null,
  ids_digest: null,
  reason: null,
  repeated: 1,
} as const

/** An entry of which only this much is known. */
export function entryOf(
  known: Pick<AuditEntry, 'time' | 'token_key' | 'method' | 'outcome'> & Partial<AuditEntry>,
): AuditEntry {
  return { ...nothing, ...known }
}

/** Who a caller is: its token, and the others whose rights bind it. */
export function whoIs(caller: Identity): Pick<AuditEntry, 'token_key' | 'other_keys'> {
  const { tokenKey } = caller
  const others = new Set(originsOf(caller).map(origin => origin.tokenKey))
  others.delete(tokenKey)
  return { token_key: tokenKey, other_keys: others.size === 0 ? null : [...others].sort() }
}

/** The entry of something that was done at `now`, epoch milliseconds. */
export function entryOfDeed(deed: Deed, now: number): AuditEntry {
  const { by, condition, ids } = deed
  return entryOf({
    time: now,
    ...whoIs(by.caller),
    address: by.address ?? null,
    method: by.method,
    outcome: 'success',
    resource: deed.resource ?? null,
    target: deed.target ?? null,
    members: deed.members ?? null,
    condition: condition === undefined ? null : boundedCondition(condition),
    dry_run: deed.isDryRun ?? null,
    affected: deed.affected ?? null,
    ...(ids && idsOf(ids)),
  })
}

function idsOf(ids: readonly number[]): Pick<AuditEntry, 'ids' | 'ids_digest'> {
  const ascending = ids.toSorted((a, b) => a - b)
  return {
    ids: ascending.slice(0, maxIds),
    ids_digest: ascending.length === 0 ? null : hash('sha256', ascending.join(',')),
  }
}

/** A body may be large, and rows are kept for long. */
const maxConditionBytes = 16 * 1024

function boundedCondition(condition: readonly unknown[]): unknown {
  const text = stringifyJson(condition)
  const bytes = Buffer.byteLength(text)
  return bytes <= maxConditionBytes ? condition : { bytes, sha256: hash('sha256', text) }
}
