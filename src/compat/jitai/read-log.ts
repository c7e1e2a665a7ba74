import { beyond, type Order } from '../../condition/cursor.ts'
import { planConditions } from '../../condition/plan.ts'
import type { Predicate } from '../../condition/predicate.ts'
import { type LogMethodDeps, type Query, readerOf, walkerOf } from '../../method/record/record-method.ts'
import type { Identity } from '../../permission/grant.ts'
import { eventLog } from '../../resource/kind/event-log.ts'
import { allPredicates, planAccess } from '../../resource/select/access.ts'
import { type PlacedRow, type Reader, readPlacedRows } from '../../resource/select/read.ts'
import type { Selection } from '../../resource/select/selection.ts'

/** The records of the event log that fulfil the conditions and that the caller may read. */
export interface LogRows {
  readonly reader: Reader
  readonly predicates: readonly Predicate[]
}

/** Throws RpcError 102 as `event-log_query` does. */
export function findLogRows(deps: LogMethodDeps, condition: Query['condition'], caller: Identity): LogRows {
  const plan = planConditions(condition, {
    language: eventLog.language,
    path: 'condition',
    maxConditions: condition.length,
    allowAll: false,
  })
  const predicates = allPredicates(planAccess(eventLog, 'read', caller, plan))
  return { reader: walkerOf(readerOf(eventLog, deps), deps.database), predicates }
}

/** The rows behind `last`, or all of them. */
export function selectBehind(
  { reader, predicates }: LogRows,
  { last, order, limit }: { last: PlacedRow | undefined; order: Order; limit: number },
): Selection {
  const starts = last === undefined ? [] : beyond({ order, ...last }, reader.resource.ordering)
  const segments = last === undefined ? [predicates] : starts.map(start => [...predicates, start])
  return { segments, names: undefined, order, limit }
}

const chunk = 10_000

/** The first `most` rows with only the members `names`, so many at a time that they never fill our memory. */
export async function* walkRows(
  rows: LogRows,
  { order, most, names }: { order: Order; most: number; names: readonly string[] },
): AsyncGenerator<readonly PlacedRow[]> {
  // What is walked is no answer, and its rows are small.
  const reader = { ...rows.reader, maxBytes: undefined }
  const fields = reader.resource.fields.filter(field => names.includes(field.name))
  let last: PlacedRow | undefined
  for (let left = most; left > 0; left -= chunk) {
    const limit = Math.min(left, chunk)
    const found = await readPlacedRows(reader, selectBehind(rows, { last, order, limit }), fields)
    yield found
    if (found.length < limit) return
    last = found.at(-1)
  }
}
