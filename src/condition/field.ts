/**
 * What a field of a record holds. `name` is a short text that stands for an object (compared by bytes, may be
 * matched by a pattern); `text` is prose; `time` is timestamptz in the database, epoch milliseconds on the wire;
 * `id` is the record's key.
 */
export type FieldKind = 'id' | 'integer' | 'name' | 'enum' | 'text' | 'json' | 'time'

/** A field of a record: its name is the wire member and the column alike. */
export interface Field {
  readonly name: string
  readonly kind: FieldKind
  readonly nullable?: true
  /** The allowed values of an `enum`. */
  readonly values?: readonly string[]
  /** It contributes no condition. */
  readonly filter?: false
}
