import { type ReasonOf, RpcError, retrySoon } from '../errors.ts'

/** What a statement may have done before its connection was lost: a read did nothing, of a write it is unknown. */
export type Effect = 'none' | 'unknown'

type Fault = ReasonOf<'database_error'>

/** What the caller's value is to blame for, or a fault of the database. */
type Meaning = 'value_refused' | { readonly reason: Fault; readonly retryable: boolean }

const retry = (reason: Fault): Meaning => ({ reason, retryable: true })
const fault = (reason: Fault): Meaning => ({ reason, retryable: false })

/** By SQLSTATE, five characters or the class of the first two (PostgreSQL manual, appendix A). */
const meanings: ReadonlyMap<string, Meaning> = new Map([
  ['08', retry('database_unavailable')],
  // What the engine does not support now, it will not support on a retry.
  ['0A', fault('statement_unsupported')],
  ['22', 'value_refused'],
  ['23505', fault('unique_violation')],
  ['23', fault('constraint_violation')],
  ['25006', retry('database_read_only')],
  ['25P02', fault('transaction_aborted')],
  ['25P03', retry('transaction_timeout')],
  ['40001', retry('serialization_failure')],
  ['40P01', retry('deadlock')],
  ['53300', retry('too_many_connections')],
  ['53', retry('out_of_resources')],
  ['54000', 'value_refused'],
  ['55P03', retry('lock_timeout')],
  ['57014', retry('statement_timeout')],
  ['57P01', retry('database_restarting')],
  ['57P02', retry('database_restarting')],
  ['57P03', retry('database_restarting')],
])

const outdated = retry('statement_outdated')

const lostConnection = /^(?:ECONNRESET|EPIPE|ETIMEDOUT|ENETDOWN|ENETUNREACH|EHOSTUNREACH)$/
const lostConnectionText = /^(?:Connection terminated|Client (?:was closed|has encountered))/
const poolTimeout = 'timeout exceeded when trying to connect'

/**
 * The RpcError of an engine's error: a stable reason, `retryable` where a retry helps, and never the engine's
 * text; that stays in `cause`, for the log. `effect` decides whether a lost connection may be retried.
 */
export function toRpcError(error: unknown, effect: Effect = 'unknown'): RpcError {
  if (error instanceof RpcError) return error
  return create(meaningOf(error, effect), error)
}

/** The RpcError of an error met while opening a connection: no statement has run. */
export function toConnectError(error: unknown): RpcError {
  if (error instanceof RpcError) return error
  if (error instanceof Error && error.message === poolTimeout) return busy(error)
  const state = sqlState(error)
  const meaning = state === undefined ? retry('database_unavailable') : meaningOfState(state)
  return create(meaning, error)
}

/** The RpcError of what PostgreSQL would have called `state`. */
export function stateError(state: string, cause: Error): RpcError {
  return create(meaningOfState(state), cause)
}

/** The RpcError of a fault that Daybook finds itself. */
export function databaseFault(reason: Fault): RpcError {
  return create(fault(reason), undefined)
}

/**
 * True when the connection that gave `error` should not be used again, since its prepared statements are stale: a pooler
 * forgot one (26000), or a migration changed the type of its result. That comes as 0A000, like all that an engine does not
 * support; `routine` tells it apart whatever the language of the message.
 */
export function isOutdatedStatement(error: unknown): boolean {
  const state = sqlState(error)
  if (state !== '0A000' || !(error instanceof Error)) return state === '26000'
  const isStalePlan = 'routine' in error && error.routine === 'RevalidateCachedQuery'
  return isStalePlan || error.message === 'cached plan must not change result type'
}

function meaningOf(error: unknown, effect: Effect): Meaning {
  if (isOutdatedStatement(error)) return outdated
  const state = sqlState(error)
  if (state !== undefined) return meaningOfState(state)
  if (!isLostConnection(error)) return fault('database_error')
  return effect === 'none' ? retry('connection_lost') : fault('connection_lost')
}

function meaningOfState(state: string): Meaning {
  return meanings.get(state) ?? meanings.get(state.slice(0, 2)) ?? fault('database_error')
}

function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('severity' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

function isLostConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && lostConnection.test(String(error.code))) return true
  return lostConnectionText.test(error.message)
}

function create(meaning: Meaning, cause: unknown): RpcError {
  const error =
    meaning === 'value_refused'
      ? new RpcError(meaning, 'The database refused a value')
      : new RpcError(meaning.reason, 'Database error', { retryable: meaning.retryable })
  error.cause = cause
  return error
}

/** The RpcError when all connections are taken, or one token has too many statements waiting. */
export function poolExhausted(): RpcError {
  return busy(undefined)
}

function busy(cause: unknown): RpcError {
  const error = new RpcError('pool_exhausted', 'Too many requests wait for the database', retrySoon)
  error.cause = cause
  return error
}
