import { z } from 'zod'
import { beyond, decodeCursor, encodeCursor, type Position } from '../../condition/cursor.ts'
import type { Plan } from '../../condition/plan.ts'
import type { Predicate } from '../../condition/predicate.ts'
import { invalidParams } from '../../errors.ts'
import { JsonText } from '../../json.ts'
import type { Resource, ResourceField } from '../../resource/resource.ts'
import { rowSchema } from '../../resource/row.ts'
import { allPredicates, planAccess } from '../../resource/select/access.ts'
import { countRows, estimateRows } from '../../resource/select/count.ts'
import { selectPermitted } from '../../resource/select/names.ts'
import { arrayText, type PlacedRow, type Reader, readPlacedRows } from '../../resource/select/read.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'
import { type LogMethodDeps, planQuery, querySchema, readerOf, walkerOf } from './record-method.ts'

const defaultPageSize = 100
const maxPageSize = 1000

/** `X_page`: the rows page by page, each exactly once however many are appended meanwhile. */
export function pageMethod(resource: Resource, deps: LogMethodDeps): Method {
  const reader = readerOf(resource, deps)
  const fieldNames = resource.fields.map(field => field.name)
  return defineMethod({
    name: `${resource.name}_page`,
    summary: `The ${resource.summary} that fulfil the conditions, a page at a time`,
    params: {
      token: credentialParam,
      query: querySchema(resource),
      after: z.string().nullish().describe('The `next` of the page before'),
      order: z.enum(['newest', 'oldest']).default('newest'),
      fields: z.array(z.enum(fieldNames)).min(1).optional().describe('Only these members of each row'),
      count: z.enum(['none', 'exact', 'estimate']).default('none'),
    },
    result: z.strictObject({
      rows: z.array(rowSchema(resource).partial()),
      next: z.string().nullable(),
      count: z.int().optional(),
    }),
    async handle({ params, caller }) {
      const { order } = params
      const plan = planQuery(resource, params.query, deps)
      const access = planAccess(resource, 'read', caller, plan)
      const size = pageSize(plan)
      const after = params.after == null ? undefined : decodeCursor(params.after, order, 'after')
      const walker = walkerOf(reader, deps.database, after?.onPrimary)
      const { predicates, names } = await selectPermitted(walker, access)
      const selection = {
        segments: segmentsBehind(resource, after, predicates),
        names,
        order,
        // One more than asked for tells whether there is a next page.
        limit: size + 1,
      }
      const found = await readPlacedRows(walker, selection, chosenFields(resource, params.fields))
      const rows = found.slice(0, size)
      deps.onRows(resource.name, 'returned', rows.length)
      const count = await countFor(walker, params.count, allPredicates(access))
      const last = found.length > size && !plan.last ? rows.at(-1) : undefined
      const next = last && encodeCursor({ order, ...last, onPrimary: walker.wasOnPrimary() })
      return pageText(rows, next ?? null, count)
    },
  })
}

function pageSize(plan: Plan): number {
  if (plan.limit === 0) throw invalidParams('query.condition', 'a page has at least one row', 'empty_page')
  return Math.min(plan.limit ?? defaultPageSize, maxPageSize)
}

function segmentsBehind(
  { ordering }: Resource,
  after: Position | undefined,
  predicates: readonly Predicate[],
): readonly (readonly Predicate[])[] {
  if (after === undefined) return [predicates]
  return beyond(after, ordering).map(start => [...predicates, start])
}

function chosenFields({ fields }: Resource, names: readonly string[] | undefined): readonly ResourceField[] {
  if (names === undefined) return fields
  const chosen = new Set(names)
  return fields.filter(field => chosen.has(field.name))
}

type Counting = 'none' | 'exact' | 'estimate'

async function countFor(
  reader: Reader,
  counting: Counting,
  predicates: readonly Predicate[],
): Promise<number | undefined> {
  if (counting === 'none') return undefined
  return counting === 'exact' ? countRows(reader, predicates, undefined) : estimateRows(reader, predicates)
}

function pageText(rows: readonly PlacedRow[], next: string | null, count: number | undefined): JsonText {
  const counted = count === undefined ? '' : `,"count":${count}`
  return new JsonText(
    `{"rows":${arrayText(rows.map(row => row.text))},"next":${JSON.stringify(next)}${counted}}`,
  )
}
