/**
 * Every error a client can see: its name and its number on the wire.
 * docs/errors.md holds the same table; a test compares the two in both directions.
 */
export const errorCodes = {
  parse_error: -32700,
  invalid_request: -32600,
  method_not_found: -32601,
  invalid_params: -32602,
  internal_error: -32603,
  malformed_credential: 101,
  permission_denied: 102,
  database_error: 103,
  not_found: 105,
  invalid_input: 108,
  conflict: 109,
  busy: 110,
  other: 999,
} as const

export type ErrorName = keyof typeof errorCodes

interface ReasonEntry {
  readonly code: ErrorName
  /** The other code that it comes with in some place; a throw there names it. */
  readonly also?: ErrorName
  readonly summary: string
}

/**
 * Every word that `data.reason` can hold, by code. The words are a promise to clients: none changes its meaning or its code.
 * docs/errors.md holds the same table; a test compares the two in both directions.
 */
export const reasons = {
  invalid_json: { code: 'parse_error', summary: 'The body is not JSON' },
  invalid_utf8: { code: 'parse_error', summary: 'The body is not UTF-8' },
  invalid_request: { code: 'invalid_request', summary: 'The body is JSON, but not a JSON-RPC request' },
  method_not_found: { code: 'method_not_found', summary: 'There is no such method' },
  already_indexed: { code: 'invalid_params', summary: 'Every installation has an index for this field' },
  bad_cursor: { code: 'invalid_params', summary: 'The cursor belongs to another order or another stream' },
  bad_encoding: {
    code: 'invalid_params',
    summary: 'The URL holds something other than percent-encoded UTF-8',
  },
  bad_pattern: {
    code: 'invalid_params',
    summary: 'A pattern has 1 to 128 characters and `*` only at its end',
  },
  both_given: { code: 'invalid_params', summary: 'Only one of `result` and `error_message` may be given' },
  condition_required: { code: 'invalid_params', summary: 'The method needs at least one condition' },
  empty_page: { code: 'invalid_params', summary: 'A page has at least one row' },
  invalid_params: { code: 'invalid_params', summary: 'A parameter is missing, or its value is not accepted' },
  lone_surrogate: { code: 'invalid_params', summary: 'A text contains half of a surrogate pair' },
  misplaced_condition: { code: 'invalid_params', summary: 'The condition exists, but cannot stand here' },
  nested_too_deeply: { code: 'invalid_params', summary: 'Conditions nest too deeply' },
  no_envelope: { code: 'invalid_params', summary: 'Records of this resource have no envelope' },
  not_by_key: { code: 'invalid_params', summary: 'An export with a limit cannot resume behind a key' },
  not_csv: { code: 'invalid_params', summary: 'Only CSV can begin with a byte order mark' },
  not_indexable: { code: 'invalid_params', summary: 'No index can serve this field' },
  not_one_key: { code: 'invalid_params', summary: 'A condition is a word or an object with exactly one key' },
  nul_character: { code: 'invalid_params', summary: 'A text contains the character U+0000' },
  number_too_long: { code: 'invalid_params', summary: 'A number has too many digits' },
  numbers_too_long: {
    code: 'invalid_params',
    summary: 'Numbers with large exponents have too many digits together',
  },
  outcome_missing: { code: 'invalid_params', summary: 'One of `result` and `error_message` is needed' },
  repeated_member: { code: 'invalid_params', summary: 'The credential appears twice in the parameters' },
  repeated_parameter: { code: 'invalid_params', summary: 'A parameter of the URL appears twice' },
  token_not_allowed: {
    code: 'invalid_params',
    summary: 'A script calls with its own rights and cannot pass a token',
  },
  too_many_buckets: {
    code: 'invalid_params',
    summary: 'The buckets would be too many; longer ones are fewer',
  },
  unknown_condition: {
    code: 'invalid_params',
    summary: 'There is no such condition; `did_you_mean` names the nearest',
  },
  unknown_field: { code: 'invalid_params', summary: 'The resource has no condition for this field' },
  unknown_member: {
    code: 'invalid_params',
    summary: 'There is no such parameter; `did_you_mean` names the nearest',
  },
  unknown_resource: { code: 'invalid_params', summary: 'There is no such resource' },
  value_missing: { code: 'invalid_params', summary: 'The condition needs a value' },
  view_cycle: { code: 'invalid_params', summary: 'A view stands for itself' },
  view_of_other_resource: { code: 'invalid_params', summary: 'The view is one of another resource' },
  wrong_type: { code: 'invalid_params', summary: 'The value has the wrong type' },
  internal_error: {
    code: 'internal_error',
    summary: 'The server failed; `correlation_id` finds the cause in its log',
  },
  malformed_credential: {
    code: 'malformed_credential',
    summary: 'The credential is neither `key:secret`, `username|password` nor a JWT',
  },
  append_only: {
    code: 'permission_denied',
    summary: 'No client may delete these records; retention rules may',
  },
  credential_expired: { code: 'permission_denied', summary: 'The credential has expired' },
  credential_not_yet_valid: { code: 'permission_denied', summary: 'The credential is not valid yet' },
  credential_refused: {
    code: 'permission_denied',
    summary: 'A worker route got a credential that does not hold',
  },
  credential_required: { code: 'permission_denied', summary: 'The call needs a credential' },
  fetch_not_allowed: { code: 'permission_denied', summary: "The script's worker has no `fetch_hosts`" },
  foreign_host: { code: 'permission_denied', summary: 'The Host header does not name this server' },
  foreign_origin: { code: 'permission_denied', summary: 'Web pages of this origin may not call the server' },
  jwt_cannot_issue: { code: 'permission_denied', summary: 'A JWT cannot issue another one' },
  outside_chain: { code: 'permission_denied', summary: 'A script must use the call that keeps to its chain' },
  permission_denied: {
    code: 'permission_denied',
    summary: 'The credential is wrong or revoked, or does not permit this',
  },
  super_token: {
    code: 'permission_denied',
    also: 'invalid_input',
    summary: 'The super token cannot be deleted or limited',
  },
  ticket_expired: { code: 'permission_denied', summary: 'The stream ticket has expired' },
  connection_lost: { code: 'database_error', summary: 'The connection broke during the statement' },
  constraint_violation: { code: 'database_error', summary: 'A row breaks a rule of the database' },
  database_error: { code: 'database_error', summary: 'The database failed in a way not listed here' },
  database_read_only: { code: 'database_error', summary: 'The database takes no writes at the moment' },
  database_restarting: { code: 'database_error', summary: 'The database is starting or stopping' },
  database_unavailable: { code: 'database_error', summary: 'The database cannot be reached' },
  deadlock: { code: 'database_error', summary: 'The statement and another one waited for each other' },
  engine_crashed: { code: 'database_error', summary: 'The embedded database ended' },
  lock_timeout: { code: 'database_error', summary: 'The statement waited too long for a lock' },
  out_of_resources: { code: 'database_error', summary: 'The database is out of memory, disk or connections' },
  serialization_failure: { code: 'database_error', summary: 'The statement collided with a concurrent one' },
  statement_outdated: { code: 'database_error', summary: 'A migration changed what the statement uses' },
  statement_timeout: { code: 'database_error', summary: 'The statement took too long' },
  statement_unsupported: { code: 'database_error', summary: 'The database does not support the statement' },
  too_many_connections: {
    code: 'database_error',
    also: 'busy',
    summary: 'The database, or this server over HTTP, has too many connections',
  },
  transaction_aborted: { code: 'database_error', summary: 'The transaction was rolled back' },
  transaction_timeout: { code: 'database_error', summary: 'The transaction was idle for too long' },
  unique_violation: { code: 'database_error', summary: 'A row with this key exists' },
  handler_not_found: { code: 'not_found', summary: 'There is no such event handler' },
  index_not_found: { code: 'not_found', summary: 'No index was added for this field' },
  js_worker_not_found: { code: 'not_found', summary: 'There is no such script worker' },
  monitor_not_found: { code: 'not_found', summary: 'There is no such monitor' },
  no_such_path: { code: 'not_found', summary: 'There is nothing at this path' },
  record_not_found: {
    code: 'not_found',
    summary: 'There is no such record, or the token may not read it',
  },
  resource_not_found: { code: 'not_found', summary: 'There is no resource of this name to export' },
  rule_not_found: { code: 'not_found', summary: 'There is no such retention rule' },
  service_not_found: { code: 'not_found', summary: 'There is no event of this service' },
  sink_not_found: { code: 'not_found', summary: 'There is no such sink' },
  subscription_not_found: { code: 'not_found', summary: 'This connection has no such subscription' },
  token_not_found: { code: 'not_found', summary: 'There is no such token' },
  view_not_found: { code: 'not_found', summary: 'There is no such view' },
  all_required: { code: 'invalid_input', summary: 'Deleting every record needs the condition `"all"`' },
  behind_too_far: { code: 'invalid_input', summary: "The sink's next changes are no longer kept" },
  body_incomplete: { code: 'invalid_input', summary: 'The body ended early or cannot be read' },
  chain_too_deep: { code: 'invalid_input', summary: 'Too many events follow from each other' },
  credential_conflict: { code: 'invalid_input', summary: 'The request holds two different credentials' },
  cursor_required: {
    code: 'invalid_input',
    summary: 'Only those who may read every record can resume from a number',
  },
  empty_target: { code: 'invalid_input', summary: 'The name of the token is empty' },
  env_not_open: { code: 'invalid_input', summary: 'The worker does not let a run replace this variable' },
  env_too_large: { code: 'invalid_input', summary: "The worker's environment is too large" },
  handler_not_remote: { code: 'invalid_input', summary: 'Remote workers do not run this handler' },
  http_version_too_old: { code: 'invalid_input', summary: 'An export needs HTTP/1.1' },
  inline_depth_exceeded: { code: 'invalid_input', summary: 'Inline calls nest too deeply' },
  local_handler_unknown: {
    code: 'invalid_input',
    summary: 'The handlers folder has no handler of this name',
  },
  max_affected_exceeded: {
    code: 'invalid_input',
    summary: 'More records were found than `max_affected` permits; none was changed',
  },
  method_not_allowed: { code: 'invalid_input', summary: 'The path does not take this HTTP method' },
  no_username: { code: 'invalid_input', summary: 'The token has no username' },
  not_editable: { code: 'invalid_input', summary: 'The method cannot change this member' },
  password_too_long: { code: 'invalid_input', summary: 'The password is too long' },
  password_too_short: { code: 'invalid_input', summary: 'The password is too short' },
  reversed_period: { code: 'invalid_input', summary: 'The end of the period lies before its start' },
  script_too_large: { code: 'invalid_input', summary: 'The source of the script is too large' },
  secret_unknown: { code: 'invalid_input', summary: 'There is no stored secret to keep' },
  sequence_ahead: { code: 'invalid_input', summary: 'This sequence number has not been given out yet' },
  sequence_too_old: {
    code: 'invalid_input',
    summary: 'The changes after this sequence number are no longer kept',
  },
  ticket_too_long: { code: 'invalid_input', summary: 'The query or the limits are too long for a ticket' },
  token_limit_too_long: { code: 'invalid_input', summary: 'The limits are too long for a JWT' },
  too_many_makers: { code: 'invalid_input', summary: 'Too many tokens have changed this definition' },
  unsupported_media_type: {
    code: 'invalid_input',
    summary: 'The body is not `application/json`, plain or gzip',
  },
  value_refused: { code: 'invalid_input', summary: 'The database refused a value' },
  websocket_required: { code: 'invalid_input', summary: 'Only a WebSocket can be pushed to' },
  file_in_use: { code: 'conflict', summary: 'Another sink writes to this file' },
  idempotency_key_reused: { code: 'conflict', summary: 'The idempotency key was used for another request' },
  lease_lost: { code: 'conflict', summary: 'Another attempt holds the task, or it has ended' },
  name_in_use: { code: 'conflict', summary: 'The name is taken' },
  route_name_in_use: { code: 'conflict', summary: 'The route name is taken' },
  row_conflict: { code: 'conflict', summary: 'Another record has this id; nothing was written' },
  username_taken: { code: 'conflict', summary: 'The username is taken' },
  answer_too_large: { code: 'busy', also: 'other', summary: 'The answer is too large' },
  batch_too_costly: { code: 'busy', summary: 'A batch may call this method only once' },
  batch_too_large: { code: 'busy', summary: 'The batch has too many requests' },
  body_stalled: { code: 'busy', summary: 'The body stopped arriving' },
  body_too_large: { code: 'busy', summary: 'The body is too large' },
  login_delayed: { code: 'busy', summary: 'After wrong passwords, the next attempt has to wait' },
  pool_exhausted: { code: 'busy', summary: 'Too many requests wait for the database' },
  queue_full: { code: 'busy', summary: 'Too many writes wait for the database' },
  replay_too_large: {
    code: 'busy',
    summary: 'The arguments of these events are too large to replay at once',
  },
  server_subscriptions_too_costly: {
    code: 'busy',
    summary: 'All subscriptions of the server together cost too much to match',
  },
  stopping: { code: 'busy', summary: 'The server is stopping' },
  subscriptions_too_costly: {
    code: 'busy',
    summary: 'The subscriptions of this token cost too much to match',
  },
  too_deep: { code: 'busy', summary: 'The JSON nests too deeply' },
  too_many_answers: { code: 'busy', summary: 'Too many answers are being made or wait to be read' },
  too_many_bodies: { code: 'busy', summary: 'Too many large bodies arrive or wait to be read' },
  too_many_conditions: { code: 'busy', summary: 'The query has too many conditions' },
  too_many_exports: { code: 'busy', summary: 'Too many exports run at once' },
  too_many_logins: { code: 'busy', summary: 'Too many passwords are being checked' },
  too_many_monitors: { code: 'busy', summary: 'The token, or the server, has too many monitors' },
  too_many_requests: { code: 'busy', summary: 'This address calls worker routes too often' },
  too_many_streams: { code: 'busy', summary: 'Too many streams are open' },
  too_many_subscriptions: { code: 'busy', summary: 'The connection has too many subscriptions' },
  too_many_views: { code: 'busy', summary: 'The token, or the server, has too many views' },
  address_forbidden: { code: 'other', summary: 'The server may not connect to this address' },
  bad_url: { code: 'other', summary: 'The URL cannot be requested' },
  cancelled: { code: 'other', summary: 'The request or run was cancelled' },
  connection_failed: { code: 'other', summary: 'No connection to the host could be made' },
  host_forbidden: { code: 'other', summary: "The worker's `fetch_hosts` do not list this host" },
  name_not_found: { code: 'other', summary: 'The host name has no address' },
  sandbox_busy: { code: 'other', also: 'busy', summary: 'Too many scripts wait to run' },
  script_cancelled: { code: 'other', summary: 'The script was cancelled' },
  script_crashed: { code: 'other', summary: "The script's thread or engine failed" },
  script_entry_missing: { code: 'other', summary: 'The script has no function for this kind of run' },
  script_error: { code: 'other', summary: 'The script threw an error' },
  script_never_settles: { code: 'other', summary: 'The script awaits something that can never come' },
  script_out_of_memory: { code: 'other', summary: 'The script used too much memory' },
  script_output_too_large: { code: 'other', summary: 'The script printed too much' },
  script_result_too_large: { code: 'other', summary: "The script's result is too large" },
  script_stack_overflow: { code: 'other', summary: 'The script used too much stack' },
  script_syntax_error: { code: 'other', also: 'invalid_input', summary: 'The script does not compile' },
  script_timeout: { code: 'other', summary: 'The script took too long' },
  secrets_unreadable: { code: 'other', summary: 'The stored secrets were sealed with another key' },
  timeout: { code: 'other', summary: 'The host did not answer in time' },
} as const satisfies Readonly<Record<string, ReasonEntry>>

export type Reason = keyof typeof reasons

/** The codes that come with a reason. */
type CodesOf<R extends Reason> = R extends Reason
  ? (typeof reasons)[R]['code'] | ((typeof reasons)[R] extends { readonly also: infer A } ? A : never)
  : never

/** The reasons that come with a code. */
export type ReasonOf<N extends ErrorName> = {
  [R in Reason]: N extends CodesOf<R> ? R : never
}[Reason]

/**
 * Stable words for what fails outside of a call: the `error_message` of a run begins with one, a stream ends with one, and
 * a sink and `/readyz` say one. A reason can stand in these places, too.
 */
export const failures = {
  condition_unknown: "The sink's condition no longer fits its resource",
  database_unreachable: 'The server is not ready: the database does not answer',
  file_failed: "The sink's file cannot be written",
  handed_back: 'The server stopped; another one runs the attempt',
  handler_error: "The handler's own code failed",
  handler_gone: 'The handler was deleted',
  handler_timeout: 'The attempt took longer than the handler allows',
  lease_expired: 'The remote worker stopped reporting',
  migrations_pending: 'The server is not ready: the database needs migrations',
  nats_failed: 'NATS did not take the changes',
  nats_packages_missing: 'The packages for NATS are not installed',
  refused: "The sink's target refuses what it gets",
  resource_unknown: "This version has no resource of the sink's name",
  result_refused: 'The result cannot be stored',
  result_too_large: 'The result is too large',
  run_lost: 'The record of the run was deleted or ended elsewhere',
  server_lost: 'The server that ran the attempt is gone',
  server_stopping: 'The stream ended because the server stops',
  too_slow: 'The stream ended because its client reads too slowly',
  webhook_failed: 'The receiver failed or answered with an error',
  webhook_secret_unreadable: "The webhook's secret was sealed with another key",
} as const

export type Failure = Reason | keyof typeof failures

/** What is kept of a failure: `handler_timeout: not done after 5000 ms`. */
export type FailureText = `${Failure}: ${string}`

/** What an error says beside its reason; `path` names the bad value, e.g. `query.condition[2].limit`. */
export interface ErrorDetail {
  readonly path?: string
  readonly retryable?: boolean
  readonly retry_after_ms?: number
  readonly correlation_id?: string
  readonly [extra: string]: unknown
}

export interface ErrorData extends ErrorDetail {
  readonly reason: Reason
}

/** For what is too much just now: it is worth another attempt in a second. */
export const retrySoon: ErrorDetail = { retryable: true, retry_after_ms: 1000 }

/** The `error` member of a JSON-RPC answer (JSON-RPC 2.0, section 5.1). */
export interface WireError {
  readonly code: number
  readonly message: string
  readonly data: ErrorData
}

/** The only error whose text and data reach a client. Its code is that of the reason, or the reason's other one by `name`. */
export class RpcError<R extends Reason = Reason> extends Error {
  readonly code: number
  readonly data: ErrorData

  constructor(
    reason: R,
    message: string,
    detail?: ErrorDetail & { readonly reason?: never },
    name?: CodesOf<R>,
  ) {
    super(message)
    this.name = 'RpcError'
    this.code = errorCodes[name ?? reasons[reason].code]
    this.data = { reason, ...detail }
  }
}

/** -32602: a fault of the caller's parameters at `path`, e.g. `query.condition[2].limit`. */
export function invalidParams(
  path: string,
  message: string,
  reason: ReasonOf<'invalid_params'> = 'invalid_params',
  more?: ErrorDetail,
): RpcError {
  return new RpcError(reason, at(path, message), { path, ...more })
}

/** 108: the value at `path` is well formed, but refused. */
export function invalidInput(
  path: string,
  message: string,
  reason: ReasonOf<'invalid_input'>,
  more?: ErrorDetail,
): RpcError {
  return new RpcError(reason, at(path, message), { path, ...more }, 'invalid_input')
}

function at(path: string, message: string): string {
  return path === '' ? message : `${path}: ${message}`
}

/** Whether it is an RpcError of one of these reasons. */
export function hasReason(error: unknown, ...wanted: readonly [Reason, ...Reason[]]): error is RpcError {
  return error instanceof RpcError && wanted.includes(error.data.reason)
}

/** Whether it is an RpcError of one of these codes. */
export function hasCode(error: unknown, ...wanted: readonly [ErrorName, ...ErrorName[]]): error is RpcError {
  return error instanceof RpcError && wanted.some(name => errorCodes[name] === error.code)
}

/**
 * What a client gets to see of an error. Anything but an RpcError is ours: it becomes -32603 with
 * nothing but the correlation id under which the log holds its cause.
 */
export function toWire(error: unknown, correlationId: string): WireError {
  if (error instanceof RpcError) return { code: error.code, message: error.message, data: error.data }
  return {
    code: errorCodes.internal_error,
    message: 'Internal error',
    data: { reason: 'internal_error', correlation_id: correlationId },
  }
}
