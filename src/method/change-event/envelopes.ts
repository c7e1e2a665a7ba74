import { z } from 'zod'
import { beyond } from '../../condition/cursor.ts'
import type { Predicate } from '../../condition/predicate.ts'
import { rawStatement } from '../../database/statement.ts'
import { JsonText } from '../../json.ts'
import { envelopeSchema } from '../../resource/change-event/envelope.ts'
import { changeEvent, envelopeText } from '../../resource/kind/change-event.ts'
import type { RecordService } from '../../resource/records.ts'
import { readPage } from '../../resource/select/found.ts'
import { arrayText } from '../../resource/select/read.ts'
import type { Table } from '../../resource/table.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'
import { querySchema } from '../record/query-schema.ts'

/** `change-event_envelopes`: the events behind a sequence number as UiPath Insights shows them, oldest first, a page at a time. */
export function envelopesMethod({ of, onRows }: RecordService): Method {
  const records = of(changeEvent)
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
      // A number cannot say where its page was read, and a replica that is behind would end the walk too early.
      const found = records.findAsked(caller, query, true)
      const starts = await startsBehind(found.walker, after)
      const { rows, last } = await readPage(found, { order: found.plan.last ? 'newest' : 'oldest', starts })
      onRows(changeEvent.name, 'returned', rows.length)
      const envelopes = arrayText(rows.map(row => envelopeText(row.text)))
      return new JsonText(`{"envelopes":${envelopes},"next":${last?.key ?? null}}`)
    },
  })
}

const timeOf = rawStatement(
  `select date_part('epoch', enqueued_time) * 1000 from change_event where sequence_number <= $1::bigint
   order by sequence_number desc limit 1`,
)

/** What has a greater number: enqueued_time never goes back with them, and every index is ordered by it. */
async function startsBehind({ runner, resource }: Table, after: number): Promise<readonly Predicate[]> {
  const { key } = resource.ordering
  const behind: Predicate = { type: 'after', columns: [key], values: [after] }
  const { rows } = after === 0 ? { rows: [] } : await runner.run(timeOf, [after])
  const time = rows[0]?.[0]
  if (time === undefined) return [behind]
  return beyond({ order: 'oldest', time: Math.round(Number(time)), key: after }, resource.ordering)
}
