/**
 * The SQL that draws the next id of a table, before its row is written: an insert of several rows that answers their ids
 * draws each in a CTE beside the row's place, since the order of `returning` is no promise. `table` and `column` are ours.
 */
export function nextId(table: string, column = 'id'): string {
  return `nextval(${sequenceOf(table, column)})`
}

/**
 * The SQL of the sequence that an identity column draws from, by the name that PostgreSQL gives it: to look it up costs
 * every append of one row an eighth.
 */
export function sequenceOf(table: string, column = 'id'): string {
  return `'${table}_${column}_seq'::regclass`
}
