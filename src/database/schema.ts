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
  bool: boolean
  timestamptz: Date
  bytea: ColumnType<Buffer, Uint8Array, Uint8Array>
  jsonb: ColumnType<unknown, string, string>
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
