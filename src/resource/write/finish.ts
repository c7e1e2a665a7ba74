import { sql } from 'kysely'
import { allOf } from '../../condition/compile.ts'
import type { Predicate } from '../../condition/predicate.ts'
import { shapeOf } from '../../condition/shape.ts'
import { timestampOf } from '../../condition/value.ts'
import { Slot } from '../../database/statement.ts'
import type { FinishRule } from '../resource.ts'
import type { Table } from '../table.ts'

/** How a record ended. */
export interface Ending {
  /** JSON text; a run that returned null has the text `null`, and so is no longer running. */
  readonly result: string | null
  readonly errorMessage: string | null
  /** Epoch milliseconds. */
  readonly finishTime: number
}

interface FinishInput extends Ending {
  /** The record, that it is still open, and that the caller may write it. */
  readonly predicates: readonly Predicate[]
}

/** Ends the records that fulfil the predicates. Resolves to how many there were. */
export async function finishRows(
  { resource, builder, cache, runner }: Table,
  rule: FinishRule,
  { predicates, result, errorMessage, finishTime }: FinishInput,
): Promise<number> {
  const outcome = errorMessage === null ? 'success' : 'failure'
  const { key, values } = shapeOf(predicates)
  const first = values.length
  const statement = cache.get(`${resource.name}|finish|${outcome}|${key}`, () => {
    const changes = {
      result: sql`${new Slot(first)}::text::jsonb`,
      error_message: sql`${new Slot(first + 1)}::text`,
      finish_time: sql`${new Slot(first + 2)}::timestamptz`,
      ...(rule.status && { [rule.status.column]: sql.lit(rule.status[outcome]) }),
    }
    return builder.updateTable(resource.table).set(changes).where(allOf(predicates))
  })
  const bound = [...values, result, errorMessage, timestampOf(finishTime)]
  return (await runner.run(statement, bound)).affected
}
