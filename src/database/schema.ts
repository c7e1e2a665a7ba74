import type { ColumnType, Generated, GeneratedAlways } from 'kysely'

/**
 * Every table and column of `sql/`: the type PostgreSQL calls it by, then `null`, `default` or `identity`.
 * A test compares it with the migrated database.
 */
export const tables = {
  js_result: {
    id: 'int8 identity',
    js_worker_id: 'int8 null',
    js_worker_name: 'text',
    run_type: 'text',
    start_time: 'timestamptz null',
    finish_time: 'timestamptz null',
    param: 'jsonb null',
    result: 'jsonb null',
    error_message: 'text null',
    owner: 'text null',
    request_id: 'text null',
  },
  event_log: {
    id: 'int8 identity',
    full_name: 'text',
    event_type: 'text',
    sender: 'text',
    run_type: 'text',
    status: 'text',
    request_id: 'text',
    node_id: 'text',
    parent_node_id: 'text null',
    attempt: 'int8',
    created_time: 'timestamptz',
    start_time: 'timestamptz null',
    finish_time: 'timestamptz null',
    param: 'jsonb null',
    result: 'jsonb null',
    error_message: 'text null',
    owner: 'text null',
    lease_until: 'timestamptz null',
    depth: 'int4 default',
    failures: 'int4 default',
    cancel_requested: 'bool default',
    caller: 'jsonb null',
    chain_owner: 'text null',
    defer_time: 'timestamptz null',
    failed_ms: 'int8 null',
    due_time: 'timestamptz null',
  },
  service_event: {
    id: 'int8 identity',
    project_id: 'text',
    service_id: 'text',
    service_name: 'text',
    event_type: 'text',
    event_info: 'text',
    occur_time: 'timestamptz',
  },
  execution_event: {
    id: 'int8 identity',
    execution_id: 'text',
    name: 'text',
    namespace: 'text',
    reason: 'text',
    message: 'text',
    type: 'text',
    elem_type: 'text null',
    elem_id: 'text null',
    action_name: 'text null',
    first_timestamp: 'timestamptz',
    last_timestamp: 'timestamptz',
    count: 'int8',
    merge_key: 'bytea',
    object_name: 'text null',
  },
  change_event: {
    sequence_number: 'int8',
    offset: 'text',
    enqueued_time: 'timestamptz',
    diagnostic_id: 'text',
    event_type: 'text',
    schema_version: 'text',
    timestamp: 'timestamptz',
    tenant_key: 'text',
    tenant_name: 'text',
    folder_name: 'text',
    full_folder_path: 'text',
    folder_key: 'text',
    body: 'json',
    is_own: 'bool default',
  },
  audit_log: {
    id: 'int8 identity',
    time: 'timestamptz',
    token_key: 'text',
    token_name: 'text null',
    other_keys: 'jsonb null',
    address: 'text null',
    method: 'text',
    resource: 'text null',
    target: 'text null',
    members: 'jsonb null',
    condition: 'jsonb null',
    dry_run: 'jsonb null',
    affected: 'int8 null',
    ids: 'jsonb null',
    ids_digest: 'text null',
    outcome: 'text',
    reason: 'text null',
    repeated: 'int8 default',
  },
  tenant: { only_row: 'bool default', key: 'uuid default', name: 'text' },
  machine: {
    id: 'int8 identity',
    key: 'uuid default',
    name: 'text',
    kind: 'text',
    host_name: 'text',
    status: 'text',
    is_unresponsive: 'bool default',
    reporting_time: 'timestamptz',
    created_time: 'timestamptz',
  },
  pending_change: {
    id: 'int8 identity',
    diagnostic_id: 'text null',
    event_type: 'text null',
    schema_version: 'text default',
    timestamp: 'timestamptz default',
    tenant_key: 'text null',
    tenant_name: 'text null',
    folder_name: 'text null',
    full_folder_path: 'text null',
    folder_key: 'text null',
    body: 'json null',
    is_own: 'bool default',
    resource: 'text null',
    record_ids: '_int8 null',
    moments: '_run_moment null',
  },
  record_change: {
    resource: 'text',
    last_number: 'int8',
    record_ids: '_int8',
    numbered_time: 'timestamptz',
  },
  partition_upkeep: { only_row: 'bool default', held_until: 'timestamptz' },
  stream_position: {
    resource: 'text',
    last_number: 'int8',
    last_offset: 'int8 default',
    last_time: 'timestamptz default',
    walked_number: 'int8 default',
    gone_number: 'int8 default',
  },
  sink: {
    id: 'int8 identity',
    name: 'text',
    resource: 'text',
    condition: 'jsonb',
    target_kind: 'text',
    target: 'jsonb',
    secrets: 'text null',
    format: 'text',
    batch_size: 'int4',
    state: 'text',
    cursor: 'int8',
    failures: 'int4 default',
    last_error: 'text null',
    next_attempt_time: 'timestamptz null',
    delivered: 'int8 default',
    last_delivered: 'timestamptz null',
    owner: 'text null',
    created_time: 'timestamptz',
    updated_time: 'timestamptz',
    fail_reason: 'text null',
  },
  retention_rule: {
    id: 'int8 identity',
    resource: 'text',
    condition: 'jsonb',
    older_than_ms: 'int8',
    last_run_time: 'timestamptz null',
    last_deleted: 'int8 null',
    last_error: 'text null',
    deleted: 'int8 default',
    run_until: 'timestamptz null',
    created_time: 'timestamptz',
    updated_time: 'timestamptz',
  },
  server_lease: {
    id: 'text',
    started_time: 'timestamptz',
    lease_until: 'timestamptz',
    machine: 'text null',
  },
  event_handler: {
    id: 'int8 identity',
    full_name: 'text',
    sender: 'text',
    event_type: 'text',
    target_kind: 'text',
    target: 'jsonb',
    secrets: 'text null',
    retry_limit: 'int4',
    retry_delay_ms: 'int4',
    retry_backoff: 'bool',
    timeout_ms: 'int4',
    concurrency: 'int4 null',
    schedule_cron: 'text null',
    schedule_tz: 'text null',
    next_fire_time: 'timestamptz null',
    enabled: 'bool',
    description: 'text null',
    owner: 'jsonb',
    created_time: 'timestamptz',
    updated_time: 'timestamptz',
  },
  js_worker: {
    id: 'int8 identity',
    name: 'text',
    source: 'text',
    route_name: 'text null',
    env: 'jsonb null',
    open_env: 'jsonb null',
    runtime_clean_time: 'int4 null',
    max_run_time: 'int4 null',
    max_stack_size: 'int4 null',
    max_heap_size: 'int4 null',
    fetch_hosts: 'jsonb null',
    schedule_cron: 'text null',
    schedule_tz: 'text null',
    next_fire_time: 'timestamptz null',
    owner: 'jsonb',
    created_time: 'timestamptz',
    updated_time: 'timestamptz',
    description: 'text null',
  },
  definition_version: { only_row: 'bool default', version: 'int8' },
  event_idempotency: {
    token_key: 'text',
    idempotency_key: 'text',
    digest: 'text',
    answer: 'text',
    created_time: 'timestamptz',
  },
  token: {
    id: 'int8 identity',
    token_key: 'text',
    secret_digest: 'bytea',
    secret_generation: 'int4 default',
    username: 'text null',
    password_hash: 'text null',
    timestamp_from: 'timestamptz null',
    timestamp_to: 'timestamptz null',
    version: 'int4 default',
    token_limit: 'jsonb',
    is_super: 'bool default',
    created_time: 'timestamptz default',
  },
  token_version: { only_row: 'bool default', version: 'int8' },
  server_secret: { name: 'text', value: 'text' },
  migration: { name: 'text', checksum: 'text', applied_time: 'timestamptz default' },
} as const

/** What one column gives on select and takes on insert and update; jsonb takes JSON text. */
interface ColumnTypes {
  int4: number
  int8: ColumnType<number, number | bigint | string, number | bigint | string>
  text: string
  uuid: string
  bool: boolean
  timestamptz: Date
  bytea: ColumnType<Buffer, Uint8Array, Uint8Array>
  jsonb: ColumnType<unknown, string, string>
  json: ColumnType<unknown, string, string>
  _int8: readonly number[]
  /** Written and read in the database alone. */
  _run_moment: never
}

type Nullable<T> =
  T extends ColumnType<infer S, infer I, infer U>
    ? ColumnType<S | null, I | null | undefined, U | null>
    : ColumnType<T | null, T | null | undefined, T | null>

type Column<Text> = Text extends `${infer Name extends keyof ColumnTypes} ${infer Trait}`
  ? Trait extends 'identity'
    ? GeneratedAlways<number>
    : Trait extends 'default'
      ? Generated<ColumnTypes[Name]>
      : Nullable<ColumnTypes[Name]>
  : Text extends keyof ColumnTypes
    ? ColumnTypes[Text]
    : never

/** The database as Kysely sees it. */
export type Schema = {
  [Table in keyof typeof tables]: {
    [Name in keyof (typeof tables)[Table]]: Column<(typeof tables)[Table][Name]>
  }
}
