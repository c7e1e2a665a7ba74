import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { stringifyJson } from '../../json.ts'
import { formatCount } from '../format.ts'
import { text } from '../language.ts'
import { splitLimit } from '../model/filter.ts'
import type { RecordRow } from '../model/record-row.ts'
import type { RecordAction, RecordsShape } from '../model/records-shape.ts'
import { AffectDialog } from '../part/affect-dialog.tsx'
import { Moment } from '../part/moment.tsx'
import { StateBadge } from '../part/state-badge.tsx'
import { showNote } from '../toast.ts'
import { readPage } from './api.ts'

const sampleRows = 5

export interface ActDialogProps {
  readonly shape: RecordsShape
  readonly action: RecordAction
  readonly condition: readonly unknown[]
  readonly onDone: () => void
  readonly onClose: () => void
}

/** Does something with all records of a filter, not only with those that the browser knows. */
export function ActDialog({ shape, action, condition, onDone, onClose }: ActDialogProps) {
  const { act } = text().records
  // A filter that says nothing means all only if it says so.
  const asked = condition.length === 0 && action === 'delete' ? ['all'] : condition
  return (
    <AffectDialog
      title={act[action].title}
      action={act[action].button}
      method={`${shape.resource}_${action}`}
      condition={asked}
      onClose={onClose}
      onDone={answer => {
        showNote(act[action].done(formatCount(doneOf(answer))))
        onDone()
      }}
    >
      <p>{act[action].explain}</p>
      <pre class="code">{stringifyJson(asked)}</pre>
      <Sample shape={shape} condition={condition} />
    </AffectDialog>
  )
}

function doneOf({ deleted, replayed, cancelled, stopping }: Readonly<Record<string, unknown>>): number {
  return Number(deleted ?? replayed ?? Number(cancelled ?? 0) + Number(stopping ?? 0))
}

interface SampleProps {
  readonly shape: RecordsShape
  readonly condition: readonly unknown[]
}

/** The newest that match. Not of each of them something can be done: the dry run counts those. */
function Sample({ shape, condition }: SampleProps) {
  const { key, newestBy, namedBy, pageFields, resource } = shape
  const { act } = text().records
  const rows = useSignal<readonly RecordRow[]>([])
  const asked = stringifyJson(condition)
  useEffect(() => {
    const leaving = new AbortController()
    const fields = [key, newestBy, namedBy, 'state'].filter(field => pageFields.includes(field))
    const { filter, most = sampleRows } = splitLimit(condition)
    const limit = Math.max(1, Math.min(most, sampleRows))
    readPage(resource, { condition: [...filter, { limit }], fields }, leaving.signal).then(
      page => {
        rows.value = page.rows
      },
      // The dry run tells of the same fault.
      () => undefined,
    )
    return () => leaving.abort()
  }, [resource, asked])
  if (rows.value.length === 0) return null
  return (
    <div class="table-scroll">
      <table class="table">
        <caption>{act.sample}</caption>
        <tbody>
          {rows.value.map(row => (
            <tr key={String(row[key])}>
              <td class="number">{String(row[key])}</td>
              <td>{typeof row.state === 'string' && <StateBadge state={row.state} />}</td>
              <td>
                <bdi>{String(row[namedBy])}</bdi>
              </td>
              <td>
                <Moment ms={row[newestBy] as number | null} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
