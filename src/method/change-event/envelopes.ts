import { z } from 'zod'
import { beyond } from '../../condition/cursor.ts'
import type { Plan } from '../../condition/plan.ts'
import type { Predicate } from '../../condition/predicate.ts'
import { rawStatement } from '../../database/statement.ts'
import { invalidParams } from '../../errors.ts'
import { JsonText } from '../../json.ts'
import { envelopeSchema, envelopeText } from '../../resource/change-event/envelope.ts'
import { changeEvent } from '../../resource/kind/change-event.ts'
import { planAccess } from '../../resource/select/access.ts'
import { selectPermitted } from '../../resource/select/names.ts'
import { arrayText, type Reader, readPlacedRows } from '../../resource/select/read.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'
import { type LogMethodDeps, planQuery, querySchema, writerOf } from '../record/record-method.ts'

const defaultPageSize = 100
const maxPageSize = 1000

/** `change-event_envelopes`: the events behind a sequence number as seed 004 shows them, oldest first, a page at a time. */
export function envelopesMethod(deps: LogMethodDeps): Method {
  // A number cannot say where its page was read, and a replica that is behind would end the walk too early.
  const reader = writerOf(changeEvent, deps)
  return defineMethod({
    name: `${changeEvent.name}_envelopes`,
    summary: 'The change events that fulfil the conditions in the envelopes of UiPath Insights, oldest first',
    params: {
      token: credentialParam,
      query: querySchema(changeEvent),
      after: z.int().min(0).default(0).describe('Only what has a greater sequence number'),
    },
    result: z.strictObject({
      envelopes: z.array(envelopeSchema),
      next: z.int().nullable().describe('For `after`; null at the end'),
    }),
    async handle({ params: { query, after }, caller }) {
      const plan = planQuery(changeEvent, query, deps)
      const access = planAccess(changeEvent, 'read', caller, plan)
      const size = pageSize(plan)
      const { predicates, names } = await selectPermitted(reader, access)
      const segments = (await startsBehind(reader, after)).map(start => [...predicates, start])
      const order = plan.last ? 'newest' : 'oldest'
      // One more than asked for tells whether there is a next page.
      const selection = { segments, names, order, limit: size + 1 } as const
      const found = await readPlacedRows(reader, selection, changeEvent.fields)
      const rows = found.slice(0, size)
      deps.onRows(changeEvent.name, 'returned', rows.length)
      const next = found.length > size && !plan.last ? (rows.at(-1)?.key ?? null) : null
      return new JsonText(
        `{"envelopes":${arrayText(rows.map(row => envelopeText(row.text)))},"next":${next}}`,
      )
    },
  })
}

function pageSize(plan: Plan): number {
  if (plan.limit === 0) throw invalidParams('query.condition', 'a page has at least one row', 'empty_page')
  return Math.min(plan.limit ?? defaultPageSize, maxPageSize)
}

const timeOf = rawStatement(
  `select date_part('epoch', enqueued_time) * 1000 from change_event where sequence_number <= $1::bigint
   order by sequence_number desc limit 1`,
)

/** What has a greater number: enqueued_time never goes back with them, and every index is ordered by it. */
async function startsBehind({ runner, resource }: Reader, after: number): Promise<readonly Predicate[]> {
  const { key } = resource.ordering
  const behind: Predicate = { type: 'after', columns: [key], values: [after] }
  const { rows } = after === 0 ? { rows: [] } : await runner.run(timeOf, [after])
  const time = rows[0]?.[0]
  if (time === undefined) return [behind]
  return beyond({ order: 'oldest', time: Math.round(Number(time)), key: after }, resource.ordering)
}
