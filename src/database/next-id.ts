/**
 * The SQL that draws the next id of a table, before its row is written: an insert of several rows that answers their ids
 * draws each in a CTE beside the row's place, since the order of `returning` is no promise. `table` and `column` are ours.
 */
export function nextId(table: string, column = 'id'): string {
  return `nextval((select ${sequenceOf(table, column)})::regclass)`
}

/** The SQL of the name of the sequence that an identity column draws from. */
export function sequenceOf(table: string, column = 'id'): string {
  return `pg_get_serial_sequence('${table}', '${column}')`
}
