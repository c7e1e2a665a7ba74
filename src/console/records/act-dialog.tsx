import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { formatCount } from '../format.ts'
import { text } from '../language.ts'
import { splitLimit } from '../model/filter.ts'
import type { RecordRow } from '../model/record-row.ts'
import type { RecordAction, RecordsShape } from '../model/records-shape.ts'
import { Confirm } from '../part/confirm.tsx'
import { Dialog } from '../part/dialog.tsx'
import { Fault } from '../part/fault.tsx'
import { Moment } from '../part/moment.tsx'
import { StateBadge } from '../part/state-badge.tsx'
import { showNote } from '../toast.ts'
import { type Acted, actOn, readPage } from './api.ts'

const sampleRows = 5

export interface ActDialogProps {
  readonly shape: RecordsShape
  readonly action: RecordAction
  readonly condition: readonly unknown[]
  readonly onDone: () => void
  readonly onClose: () => void
}

/**
 * Does something with all records of a filter, not only with those that the browser knows. The number that
 * was shown and typed is the most that is done: where more match by then, nothing happens.
 */
export function ActDialog({ shape, action, condition, onDone, onClose }: ActDialogProps) {
  const { records, app } = text()
  const { resource } = shape
  // A filter that says nothing means all only if it says so.
  const asked = condition.length === 0 && action === 'delete' ? ['all'] : condition
  const preview = usePreview(shape, action, asked)
  const title = records.act[action].title
  if (preview.error !== undefined || preview.count === undefined) {
    return (
      <Dialog title={title} onClose={onClose}>
        <div class="dialog-form">
          {preview.error === undefined ? (
            <p class="muted">{app.loading}</p>
          ) : (
            <Fault error={preview.error} onRetry={preview.reload} />
          )}
        </div>
      </Dialog>
    )
  }
  const { count, sample } = preview
  if (count === 0) {
    return (
      <Dialog title={title} onClose={onClose}>
        <div class="dialog-form">
          <p>{records.act.nothing}</p>
        </div>
      </Dialog>
    )
  }
  return (
    <Confirm
      title={title}
      action={records.act[action].button(formatCount(count))}
      typed={count}
      isDanger={action !== 'replay'}
      onClose={onClose}
      onConfirm={async () => {
        const done = await actOn(resource, action, { condition: asked, max_affected: count })
        showNote(records.act[action].done(formatCount(doneOf(done))))
        onDone()
      }}
    >
      <p>{records.act[action].explain(formatCount(count))}</p>
      <pre class="code">{JSON.stringify(asked)}</pre>
      <Sample rows={sample} shape={shape} count={count} />
    </Confirm>
  )
}

function doneOf({ deleted, cancelled, stopping, replayed }: Acted): number {
  return deleted ?? replayed ?? (cancelled ?? 0) + (stopping ?? 0)
}

/** Of what it would be done to: the true number, and the first few. */
function usePreview(
  { resource, key, newestBy, namedBy, pageFields }: RecordsShape,
  action: RecordAction,
  condition: readonly unknown[],
) {
  const count = useSignal<number | undefined>(undefined)
  const sample = useSignal<readonly RecordRow[]>([])
  const error = useSignal<unknown>(undefined)
  const version = useSignal(0)
  const asked = JSON.stringify(condition)
  useEffect(() => {
    const leaving = new AbortController()
    error.value = undefined
    const fields = [key, newestBy, namedBy, 'state'].filter(field => pageFields.includes(field))
    const { filter, most = sampleRows } = splitLimit(condition)
    const page = { condition: [...filter, { limit: Math.max(1, Math.min(most, sampleRows)) }], fields }
    Promise.all([
      actOn(resource, action, { condition, dry_run: true }, leaving.signal),
      readPage(resource, page, leaving.signal),
    ]).then(
      ([would, { rows }]) => {
        sample.value = rows
        count.value = would.would_delete ?? would.would_affect ?? 0
      },
      (fault: unknown) => {
        if (!leaving.signal.aborted) error.value = fault
      },
    )
    return () => leaving.abort()
  }, [asked, version.value])
  return {
    count: count.value,
    sample: sample.value,
    error: error.value,
    reload: () => version.value++,
  }
}

interface SampleProps {
  readonly rows: readonly RecordRow[]
  readonly shape: RecordsShape
  readonly count: number
}

function Sample({ rows, shape: { key, newestBy, namedBy }, count }: SampleProps) {
  const { records } = text()
  return (
    <table class="table">
      <caption class="unseen">{records.act.sample}</caption>
      <tbody>
        {rows.map(row => (
          <tr key={String(row[key])}>
            <td class="number">{String(row[key])}</td>
            <td>{row.state !== undefined && <StateBadge state={row.state} />}</td>
            <td>
              <bdi>{String(row[namedBy])}</bdi>
            </td>
            <td>
              <Moment ms={row[newestBy] as number | null} />
            </td>
          </tr>
        ))}
        {count > rows.length && (
          <tr>
            <td colSpan={4} class="muted">
              {records.act.more(formatCount(count - rows.length))}
            </td>
          </tr>
        )}
      </tbody>
    </table>
  )
}
