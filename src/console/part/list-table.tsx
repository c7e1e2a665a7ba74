import type { ComponentChildren } from 'preact'

export interface ListColumn<Row> {
  readonly title: string
  readonly isNumber?: boolean
  /** What names the row for readers of the screen. */
  readonly isHead?: boolean
  readonly show: (row: Row) => ComponentChildren
}

export interface ListTableProps<Row> {
  /** What the table lists. */
  readonly label: string
  readonly columns: readonly ListColumn<Row>[]
  /** Undefined: they are not there yet. */
  readonly rows: readonly Row[] | undefined
  readonly keyOf: (row: Row) => string | number
  /** What stands there where there are no rows. */
  readonly none: string
}

/** A table of what is few enough to be shown whole; where there is little room, each row is a card. */
export function ListTable<Row>({ label, columns, rows, keyOf, none }: ListTableProps<Row>) {
  if (rows === undefined) return null
  if (rows.length === 0) return <p class="absence">{none}</p>
  return (
    // It scrolls sideways, by the keyboard too.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: else what is cut off cannot be reached
    <section class="panel table-scroll list-table" aria-label={label} tabIndex={0}>
      <table class="table">
        <thead>
          <tr>
            {columns.map(({ title, isNumber }) => (
              <th key={title} scope="col" class={isNumber === true ? 'number' : ''}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(row => (
            <tr key={keyOf(row)}>
              {columns.map(column => (
                <Cell key={column.title} column={column} row={row} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function Cell<Row>({ column, row }: { readonly column: ListColumn<Row>; readonly row: Row }) {
  const { title, isNumber = false, isHead = false, show } = column
  const shown = { 'data-title': title, class: isNumber ? 'number' : '' }
  if (isHead) {
    return (
      <th scope="row" {...shown}>
        <div>{show(row)}</div>
      </th>
    )
  }
  return (
    <td {...shown}>
      <div>{show(row)}</div>
    </td>
  )
}
