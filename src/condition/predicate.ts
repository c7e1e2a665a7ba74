/** Where a value stands within a payload: a text is a member of an object, a number an element of a list (from 0). */
export type JsonPath = readonly (string | number)[]

/** As jsonpath writes them. */
export type JsonComparison = '>' | '>=' | '<' | '<='

/**
 * What a row must fulfil, as plain data: the stage between a condition list and its SQL.
 * Two-valued: where SQL would say "unknown" (a null), the row does not match, and its `not` does.
 */
export type Predicate =
  | Leaf
  | { readonly type: 'and' | 'or'; readonly all: readonly Predicate[] }
  | { readonly type: 'not'; readonly predicate: Predicate }

export type Leaf =
  | {
      readonly type: 'equal'
      readonly column: string
      readonly value: string | number
      /** The value is one of few and stands in the SQL itself: a partial index serves only what is known when it is planned. */
      readonly isLiteral?: true
    }
  | {
      readonly type: 'any'
      readonly column: string
      readonly values: readonly (string | number)[]
      /** As of `equal`; the values are sorted. */
      readonly isLiteral?: true
    }
  /** `from <= column < to`, in the order of bytes: what a prefix pattern covers. */
  | { readonly type: 'prefix'; readonly column: string; readonly from: string; readonly to: string }
  /** Inclusive; the times are what `timestampOf` makes. */
  | { readonly type: 'time_from' | 'time_to'; readonly column: string; readonly time: string }
  /** At most so many milliseconds ago, whenever a row is matched: only in memory. */
  | { readonly type: 'time_since'; readonly column: string; readonly milliseconds: number }
  /** `minuend - subtrahend` at least or at most so many milliseconds. */
  | {
      readonly type: 'elapsed_from' | 'elapsed_to'
      readonly minuend: string
      readonly subtrahend: string
      readonly milliseconds: number
    }
  | { readonly type: 'null' | 'not_null'; readonly column: string }
  /** jsonb containment; `json` is JSON text. */
  | { readonly type: 'json_contains'; readonly column: string; readonly json: string }
  /** The value at a path of a payload is this one, or one of these; JSON text. */
  | {
      readonly type: 'path_equals' | 'path_contains'
      readonly column: string
      readonly path: JsonPath
      readonly json: string
    }
  | {
      readonly type: 'path_any'
      readonly column: string
      readonly path: JsonPath
      readonly jsons: readonly string[]
    }
  | { readonly type: 'path_exists'; readonly column: string; readonly path: JsonPath }
  | {
      readonly type: 'path_compare'
      readonly column: string
      readonly path: JsonPath
      readonly operator: JsonComparison
      readonly json: string
    }
  /** Literal substring whatever the case. */
  | { readonly type: 'text_contains'; readonly column: string; readonly text: string }
  /** The same in any of these columns, payloads as the database writes them. */
  | {
      readonly type: 'search'
      readonly texts: readonly string[]
      readonly payloads: readonly string[]
      readonly text: string
    }
  /** The columns, compared as a row, are less or greater than the values: how a page begins. */
  | {
      readonly type: 'before' | 'after'
      readonly columns: readonly string[]
      readonly values: readonly (string | number)[]
    }
  /** Fulfilled by no row. */
  | { readonly type: 'nothing' }

/** Stands between the columns that are searched; no text that is searched for holds it. */
export const searchSeparator = '\u0001'

export const nothing: Predicate = { type: 'nothing' }

/** The conjunction; one without members is fulfilled by every row. */
export function and(...all: readonly Predicate[]): Predicate {
  return all.length === 1 && all[0] !== undefined ? all[0] : { type: 'and', all }
}

/** The disjunction; one without members is fulfilled by no row. */
export function or(...all: readonly Predicate[]): Predicate {
  if (all.length === 0) return nothing
  return all.length === 1 && all[0] !== undefined ? all[0] : { type: 'or', all }
}

export function not(predicate: Predicate): Predicate {
  return { type: 'not', predicate }
}

export function isNull(column: string): Predicate {
  return { type: 'null', column }
}

export function isNotNull(column: string): Predicate {
  return { type: 'not_null', column }
}

export function equal(column: string, value: string | number): Predicate {
  return { type: 'equal', column, value }
}

/** The same of a column that has few values, all of which are known: `status`. */
export function equalOneOfFew(column: string, value: string): Predicate {
  return { type: 'equal', column, value, isLiteral: true }
}
