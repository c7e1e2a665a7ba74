import type { ComponentChildren } from 'preact'

/** A column of a table, and what it shows of a row. */
export interface Column<Row> {
  readonly name: string
  readonly title: string
  /** In rem, until the user makes it another. */
  readonly width: number
  readonly align?: 'end'
  readonly render: (row: Row) => ComponentChildren
}
