import { useSignal } from '@preact/signals'
import type { RetentionRule } from '../../client/client.ts'
import { formatCount, formatDuration } from '../format.ts'
import { text } from '../language.ts'
import { recordsHref } from '../model/place.ts'
import { Fault } from '../part/fault.tsx'
import { FormDialog } from '../part/form-dialog.tsx'
import { Icon } from '../part/icon.tsx'
import { type ListColumn, ListTable } from '../part/list-table.tsx'
import { Moment } from '../part/moment.tsx'
import { RetentionPreview, RuleDialog } from '../part/rule-dialog.tsx'
import { resourceTitle } from '../resource-title.ts'
import { call, useCall } from '../rpc.ts'
import { showNote } from '../toast.ts'

type Asked =
  | { readonly kind: 'create' }
  | { readonly kind: 'change' | 'delete' | 'preview'; readonly rule: RetentionRule }

/** What is deleted once it is old enough. */
export function RetentionScreen() {
  const { retention } = text()
  const { data, error, reload } = useCall('retention_list', {}, { every: 10_000 })
  const asked = useSignal<Asked | undefined>(undefined)
  const ask = (next: Asked | undefined): void => {
    asked.value = next
  }
  const done = (note: string): void => {
    ask(undefined)
    showNote(note)
    reload()
  }
  const columns: readonly ListColumn<RetentionRule>[] = [
    { title: retention.resource, isHead: true, show: rule => <Source rule={rule} /> },
    { title: retention.age, show: ({ older_than_ms: ms }) => formatDuration(ms) },
    { title: retention.lastRun, show: rule => <LastRun rule={rule} /> },
    { title: retention.deleted, isNumber: true, show: ({ deleted }) => formatCount(deleted) },
    { title: retention.actions, show: rule => <Actions rule={rule} onAsk={ask} /> },
  ]
  return (
    <div class="screen">
      <header class="screen-head">
        <h1>{retention.title}</h1>
        <button type="button" class="button button-primary" onClick={() => ask({ kind: 'create' })}>
          <Icon name="plus" /> {retention.create}
        </button>
      </header>
      <Fault error={error.value} onRetry={reload} />
      <ListTable
        label={retention.title}
        columns={columns}
        rows={data.value?.rules}
        keyOf={({ id }) => id}
        none={retention.none}
      />
      {asked.value !== undefined && (
        <Asking asked={asked.value} onDone={done} onClose={() => ask(undefined)} />
      )}
    </div>
  )
}

function Source({ rule: { resource, query } }: { readonly rule: RetentionRule }) {
  const { condition } = query
  return (
    <>
      <a href={recordsHref(resource, condition)}>{resourceTitle(resource)}</a>
      {condition.length > 0 && <code class="cell-note">{JSON.stringify(condition)}</code>}
    </>
  )
}

function LastRun({ rule }: { readonly rule: RetentionRule }) {
  const { retention } = text()
  const { last_run_time: time, last_deleted: deleted, last_error: error } = rule
  if (time === null) return <span class="muted">{retention.notYet}</span>
  return (
    <>
      <Moment ms={time} as="ago" />
      {deleted !== null && <span class="cell-note">{retention.lastDeleted(formatCount(deleted))}</span>}
      {error !== null && <span class="cell-note cell-fault">{error}</span>}
    </>
  )
}

interface ActionsProps {
  readonly rule: RetentionRule
  readonly onAsk: (asked: Asked) => void
}

function Actions({ rule, onAsk }: ActionsProps) {
  const { retention } = text()
  const name = resourceTitle(rule.resource)
  const action = (kind: 'preview' | 'change' | 'delete', label: string) => (
    <button
      type="button"
      class="button button-small"
      aria-label={`${label}: ${name}`}
      onClick={() => onAsk({ kind, rule })}
    >
      {label}
    </button>
  )
  return (
    <div class="row-actions">
      {action('preview', retention.preview)}
      {action('change', retention.change)}
      {action('delete', retention.delete)}
    </div>
  )
}

interface AskingProps {
  readonly asked: Asked
  readonly onDone: (note: string) => void
  readonly onClose: () => void
}

function Asking({ asked, onDone, onClose }: AskingProps) {
  const { retention } = text()
  if (asked.kind === 'create' || asked.kind === 'change') {
    const rule = asked.kind === 'change' ? asked.rule : undefined
    return <RuleDialog rule={rule} onDone={() => onDone(retention.saved)} onClose={onClose} />
  }
  const { rule } = asked
  if (asked.kind === 'preview') {
    return (
      <FormDialog
        title={retention.previewTitle}
        submitLabel={text().app.close}
        onSubmit={async () => onClose()}
        onClose={onClose}
      >
        <RetentionPreview params={{ id: rule.id }} />
      </FormDialog>
    )
  }
  const remove = async (): Promise<void> => {
    await call('retention_delete', { id: rule.id })
    onDone(retention.removed)
  }
  return (
    <FormDialog
      title={retention.deleteTitle}
      submitLabel={retention.delete}
      isDanger
      onSubmit={remove}
      onClose={onClose}
    >
      <p>{retention.deleteText}</p>
    </FormDialog>
  )
}
