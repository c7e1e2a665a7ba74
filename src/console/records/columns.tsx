import type { ComponentChildren } from 'preact'
import { stringifyJson } from '../../json.ts'
import { formatDuration } from '../format.ts'
import { text } from '../language.ts'
import { computedFields, type RecordRow } from '../model/record-row.ts'
import type { RecordsShape } from '../model/records-shape.ts'
import type { Vocabulary } from '../model/vocabulary.ts'
import type { Column } from '../part/column.ts'
import { Moment } from '../part/moment.tsx'
import { StateBadge } from '../part/state-badge.tsx'

type Kind = Vocabulary['fields'][number]['kind'] | (typeof computedFields)[number] | 'key'

/** In rem. */
const widths: Readonly<Record<Kind, number>> = {
  key: 6,
  state: 7,
  duration_ms: 7,
  error_first_line: 26,
  number: 7,
  text: 16,
  name: 13,
  choice: 7,
  time: 11,
  json: 20,
}

/** A payload is shown in the list as far as one sees of it. */
const shownOfJson = 200

/** Every column that the list can have. */
export function columnsOf(shape: RecordsShape, { fields }: Vocabulary): readonly Column<RecordRow>[] {
  const kinds = new Map<string, Kind>(fields.map(({ name, kind }) => [name, kind]))
  for (const name of computedFields) kinds.set(name, name)
  kinds.set(shape.key, 'key')
  return shape.pageFields.map(name => {
    const kind = kinds.get(name) ?? 'text'
    const isEnd = kind === 'key' || kind === 'number' || kind === 'duration_ms'
    return {
      name,
      title: titleOf(name),
      width: widths[kind],
      ...(isEnd && { align: 'end' as const }),
      render: (row: RecordRow) => <Value value={row[name]} kind={kind} />,
    }
  })
}

/** Members keep the names that conditions and programs know them by. */
export function titleOf(name: string): string {
  const titles: Readonly<Record<string, string>> = text().records.columns
  return Object.hasOwn(titles, name) ? (titles[name] ?? name) : name
}

export function isPayload({ fields }: Vocabulary): (field: string) => boolean {
  const payloads = new Set(fields.filter(({ kind }) => kind === 'json').map(({ name }) => name))
  return field => payloads.has(field)
}

function Value({ value, kind }: { readonly value: unknown; readonly kind: Kind }): ComponentChildren {
  if (value === null || value === undefined) return <span class="muted">–</span>
  if (kind === 'state') return <StateBadge state={value} />
  if (kind === 'time' && typeof value === 'number') return <Moment ms={value} />
  if (kind === 'duration_ms' && typeof value === 'number') return formatDuration(value)
  if (kind === 'error_first_line') return <span class="state-failure">{String(value)}</span>
  if (kind === 'json') return <span class="mono">{stringifyJson(value).slice(0, shownOfJson)}</span>
  // A name may be of a script that is written from right to left: it keeps its place in the row.
  if (typeof value === 'string') return <bdi>{value}</bdi>
  return typeof value === 'object' ? stringifyJson(value) : String(value)
}
