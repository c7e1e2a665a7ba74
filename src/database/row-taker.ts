import type { ColumnFormat } from './message-writer.ts'

/** Takes the rows of one statement as the bytes in which PostgreSQL sends them. */
export interface RowTaker {
  /** How each column is wanted. */
  readonly formats: readonly ColumnFormat[]
  /** How many rows were passed over. */
  readonly leftOut: number
  /** So much was passed over that there is no use in the rest. */
  readonly isHopeless: boolean
  /** The statement begins, perhaps once more: what came before counts for nothing. */
  begin(): void
  /** Whether a row of about so many bytes is taken; it is passed over otherwise. Asked once a row. */
  wants(length: number): boolean
  /** The values of a row: each is its length in four bytes (-1: null), and its bytes. */
  take(bytes: Buffer, at: number): void
}
