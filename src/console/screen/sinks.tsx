import { useSignal } from '@preact/signals'
import { DaybookError, type Sink, type SinkStatus } from '../../client/client.ts'
import { formatAgo, formatCount, formatDuration } from '../format.ts'
import { text } from '../language.ts'
import { recordsHref } from '../model/place.ts'
import { RefreshButton, useRefresh } from '../part/auto-refresh.tsx'
import { Fault } from '../part/fault.tsx'
import { FormDialog } from '../part/form-dialog.tsx'
import { Icon } from '../part/icon.tsx'
import { type ListColumn, ListTable } from '../part/list-table.tsx'
import { MethodDialog } from '../part/method-dialog.tsx'
import { resourceTitle } from '../resource-title.ts'
import { call, useCall } from '../rpc.ts'
import { showFault, showNote } from '../toast.ts'

/** What is asked in a dialog. */
type Asked =
  | { readonly kind: 'create' }
  | { readonly kind: 'delete'; readonly name: string }
  | { readonly kind: 'skip'; readonly name: string; readonly from: number; readonly to: number }

/** Where changes are sent, and how far each has come. */
export function SinksScreen() {
  const { sinks } = text()
  const refresh = useRefresh(2000)
  const status = useCall('sink_status', {}, { every: refresh.every })
  const list = useCall('sink_list', {}, { every: refresh.every })
  const asked = useSignal<Asked | undefined>(undefined)
  const reload = (): void => {
    status.reload()
    list.reload()
  }
  const targets = new Map(list.data.value?.sinks.map(sink => [sink.name, sink]))
  const columns: readonly ListColumn<SinkStatus>[] = [
    { title: sinks.name, isHead: true, show: ({ name }) => name },
    { title: sinks.state, show: sink => <State sink={sink} /> },
    { title: sinks.resource, show: sink => <Source sink={sink} definition={targets.get(sink.name)} /> },
    { title: sinks.target, show: ({ name }) => <Target definition={targets.get(name)} /> },
    { title: sinks.lag, isNumber: true, show: ({ lag }) => formatCount(lag) },
    {
      title: sinks.age,
      isNumber: true,
      show: ({ lag, age_ms: age }) => (lag === 0 ? '–' : formatDuration(age)),
    },
    { title: sinks.delivered, isNumber: true, show: ({ delivered }) => formatCount(delivered) },
    { title: sinks.actions, show: sink => <Actions sink={sink} onAsk={ask} onDone={reload} /> },
  ]
  function ask(next: Asked | undefined): void {
    asked.value = next
  }
  return (
    <div class="screen">
      <header class="screen-head">
        <h1>{sinks.title}</h1>
        <RefreshButton {...refresh} />
        <button type="button" class="button button-primary" onClick={() => ask({ kind: 'create' })}>
          <Icon name="plus" /> {sinks.create}
        </button>
      </header>
      <Fault error={status.error.value} onRetry={reload} />
      <ListTable
        label={sinks.title}
        columns={columns}
        rows={status.data.value?.sinks}
        keyOf={({ name }) => name}
        none={sinks.none}
      />
      {asked.value !== undefined && (
        <AskedDialog
          asked={asked.value}
          onDone={() => {
            ask(undefined)
            reload()
          }}
          onClose={() => ask(undefined)}
        />
      )}
    </div>
  )
}

const stateClasses = { running: 'success', paused: 'waiting', failed: 'failure' } as const

function State({ sink }: { readonly sink: SinkStatus }) {
  const { sinks } = text()
  const { state, failures, last_error: error, next_attempt_time: next } = sink
  return (
    <>
      <span class={`state state-${stateClasses[state]}`}>{sinks.states[state]}</span>
      {failures > 0 && <span class="cell-note">{sinks.failures(failures)}</span>}
      {error !== null && <span class="cell-note cell-fault">{error}</span>}
      {next !== null && state === 'running' && (
        <span class="cell-note">{sinks.nextAttempt(formatAgo(next))}</span>
      )}
    </>
  )
}

interface OfSink {
  readonly sink: SinkStatus
  readonly definition: Sink | undefined
}

function Source({ sink, definition }: OfSink) {
  const condition = definition?.query.condition ?? []
  return (
    <>
      <a href={recordsHref(sink.resource, condition)}>{resourceTitle(sink.resource)}</a>
      {condition.length > 0 && <code class="cell-note">{JSON.stringify(condition)}</code>}
    </>
  )
}

function Target({ definition }: Pick<OfSink, 'definition'>) {
  if (definition === undefined) return null
  const { webhook, nats, file } = definition.target
  const [kind, where] = webhook
    ? ['webhook', webhook.url]
    : nats
      ? ['nats', `${nats.servers.join(', ')} ${nats.subject}`]
      : ['file', file?.name]
  return (
    <>
      <span class="tag">{kind}</span> <span class="mono">{where}</span>
    </>
  )
}

interface ActionsProps {
  readonly sink: SinkStatus
  readonly onAsk: (asked: Asked) => void
  readonly onDone: () => void
}

function Actions({ sink: { name, state }, onAsk, onDone }: ActionsProps) {
  const { sinks } = text()
  const isRunning = state === 'running'

  async function toggle(): Promise<void> {
    try {
      if (isRunning) await call('sink_pause', { name })
      else await call('sink_resume', { name })
      showNote(isRunning ? sinks.pausedNote(name) : sinks.resumedNote(name))
    } catch (error) {
      const { lost_from: from, oldest } = error instanceof DaybookError ? error.data : {}
      if (typeof from === 'number' && typeof oldest === 'number') {
        onAsk({ kind: 'skip', name, from, to: oldest - 1 })
      } else showFault(error)
    }
    onDone()
  }

  return (
    <div class="row-actions">
      <button
        type="button"
        class="button button-small"
        aria-label={`${isRunning ? sinks.pause : sinks.resume}: ${name}`}
        onClick={() => void toggle()}
      >
        <Icon name={isRunning ? 'pause' : 'play'} size={14} /> {isRunning ? sinks.pause : sinks.resume}
      </button>
      <button
        type="button"
        class="button button-small"
        aria-label={`${sinks.delete}: ${name}`}
        onClick={() => onAsk({ kind: 'delete', name })}
      >
        <Icon name="trash" size={14} />
      </button>
    </div>
  )
}

const newSink = {
  name: '',
  query: '{\n  "condition": []\n}',
  target: '{\n  "webhook": { "url": "https://" }\n}',
}

interface AskedDialogProps {
  readonly asked: Asked
  readonly onDone: () => void
  readonly onClose: () => void
}

function AskedDialog({ asked, onDone, onClose }: AskedDialogProps) {
  const { sinks } = text()
  if (asked.kind === 'create') {
    return (
      <MethodDialog
        method="sink_create"
        title={sinks.create}
        submitLabel={sinks.submit}
        labels={sinks.fields}
        initial={newSink}
        onDone={onDone}
        onClose={onClose}
      />
    )
  }
  const { name } = asked
  if (asked.kind === 'delete') {
    const remove = async (): Promise<void> => {
      await call('sink_delete', { name })
      onDone()
    }
    return (
      <FormDialog
        title={sinks.deleteTitle(name)}
        submitLabel={sinks.delete}
        isDanger
        onSubmit={remove}
        onClose={onClose}
      >
        <p>{sinks.deleteText}</p>
      </FormDialog>
    )
  }
  const skip = async (): Promise<void> => {
    await call('sink_resume', { name, skip_lost: true })
    onDone()
  }
  return (
    <FormDialog
      title={sinks.skipTitle(name)}
      submitLabel={sinks.skip}
      isDanger
      onSubmit={skip}
      onClose={onClose}
    >
      <p>{sinks.skipText(formatCount(asked.from), formatCount(asked.to))}</p>
    </FormDialog>
  )
}
