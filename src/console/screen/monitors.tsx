import { useSignal } from '@preact/signals'
import { formatAgo, formatCount, formatDuration } from '../format.ts'
import { text } from '../language.ts'
import { joinMonitors, type Monitor, type MonitorDefinition, type MonitorStanding } from '../model/monitor.ts'
import { recordsHref } from '../model/place.ts'
import { RefreshButton, useRefresh } from '../part/auto-refresh.tsx'
import { Fault } from '../part/fault.tsx'
import { FormDialog } from '../part/form-dialog.tsx'
import { Icon } from '../part/icon.tsx'
import { type ListColumn, ListTable } from '../part/list-table.tsx'
import { MonitorDialog } from '../part/monitor-dialog.tsx'
import { MonitorBadge, MonitorHistory } from '../part/monitor-history.tsx'
import { resourceTitle } from '../resource-title.ts'
import { call, useCall } from '../rpc.ts'
import { showFault, showNote } from '../toast.ts'

type Asked =
  | { readonly kind: 'create' }
  | { readonly kind: 'change' | 'history' | 'delete'; readonly monitor: Monitor }

/** What is counted again and again, and where each stands. */
export function MonitorsScreen() {
  const { monitors } = text()
  const refresh = useRefresh(2000)
  const list = useCall('monitor_list' as string, {}, { every: refresh.every })
  const status = useCall('monitor_status' as string, {}, { every: refresh.every })
  const asked = useSignal<Asked | undefined>(undefined)
  const ask = (next: Asked | undefined): void => {
    asked.value = next
  }
  const reload = (): void => {
    list.reload()
    status.reload()
  }
  const done = (note: string): void => {
    ask(undefined)
    showNote(note)
    reload()
  }
  const definitions = list.data.value as { readonly monitors: readonly MonitorDefinition[] } | undefined
  const standings = status.data.value as { readonly monitors: readonly MonitorStanding[] } | undefined
  const rows = definitions && joinMonitors(definitions.monitors, standings?.monitors ?? [])
  const hasOwners = new Set(rows?.map(({ definition }) => definition.owner)).size > 1
  const columns: readonly ListColumn<Monitor>[] = [
    { title: monitors.name, isHead: true, show: monitor => <Name monitor={monitor} hasOwners={hasOwners} /> },
    { title: monitors.state, show: monitor => <Standing monitor={monitor} /> },
    { title: monitors.rule, show: monitor => <Rule monitor={monitor} /> },
    { title: monitors.count, isNumber: true, show: monitor => <Count monitor={monitor} /> },
    { title: monitors.event, show: monitor => <Sent monitor={monitor} /> },
    { title: monitors.actions, show: monitor => <Actions monitor={monitor} onAsk={ask} onDone={reload} /> },
  ]
  return (
    <div class="screen">
      <header class="screen-head">
        <h1>{monitors.title}</h1>
        <RefreshButton {...refresh} />
        <button type="button" class="button button-primary" onClick={() => ask({ kind: 'create' })}>
          <Icon name="plus" /> {monitors.create}
        </button>
      </header>
      <Fault error={list.error.value} onRetry={reload} />
      <ListTable
        label={monitors.title}
        columns={columns}
        rows={rows}
        keyOf={({ definition }) => `${definition.owner} ${definition.name}`}
        none={monitors.none}
      />
      {asked.value !== undefined && (
        <Asking asked={asked.value} onDone={done} onClose={() => ask(undefined)} />
      )}
    </div>
  )
}

interface OfMonitor {
  readonly monitor: Monitor
}

function Name({ monitor: { definition }, hasOwners }: OfMonitor & { readonly hasOwners: boolean }) {
  return (
    <>
      <span dir="auto">{definition.name}</span>
      {hasOwners && <span class="cell-note">{definition.owner}</span>}
    </>
  )
}

function Standing({ monitor: { definition, standing } }: OfMonitor) {
  const { monitors } = text()
  if (!definition.enabled) return <span class="state">{monitors.disabled}</span>
  if (standing === undefined) return null
  return (
    <>
      <MonitorBadge state={standing.state} />
      <span class="cell-note">{monitors.since(formatAgo(standing.since))}</span>
      {standing.last_error !== null && <span class="cell-note cell-fault">{standing.last_error}</span>}
    </>
  )
}

function Rule({ monitor: { definition } }: OfMonitor) {
  const { monitors } = text()
  const { resource, query, when, window_ms: windowMs, for_ms: forMs } = definition
  const window = formatDuration(windowMs)
  return (
    <>
      <a href={recordsHref(resource, query.condition)}>{resourceTitle(resource)}</a>{' '}
      {'at_least' in when
        ? monitors.atLeast(formatCount(when.at_least), window)
        : monitors.atMost(formatCount(when.at_most), window)}
      {forMs > 0 && ` ${monitors.lasting(formatDuration(forMs))}`}
      {query.condition.length > 0 && <code class="cell-note">{JSON.stringify(query.condition)}</code>}
    </>
  )
}

function Count({ monitor: { standing } }: OfMonitor) {
  if (standing === undefined || standing.count === null) return <>–</>
  return (
    <>
      {formatCount(standing.count)}
      {standing.evaluated_time !== null && (
        <span class="cell-note">{text().monitors.evaluated(formatAgo(standing.evaluated_time))}</span>
      )}
    </>
  )
}

function Sent({ monitor: { definition } }: OfMonitor) {
  const { sender, event_type: type } = definition.event
  return (
    <>
      <span class="mono">{sender}</span>
      <span class="cell-note mono">{type}</span>
    </>
  )
}

interface ActionsProps extends OfMonitor {
  readonly onAsk: (asked: Asked) => void
  readonly onDone: () => void
}

function Actions({ monitor, onAsk, onDone }: ActionsProps) {
  const { monitors } = text()
  const { name, owner, enabled } = monitor.definition
  async function toggle(): Promise<void> {
    try {
      await call('monitor_update' as string, { name, owner, enabled: !enabled })
      onDone()
    } catch (error) {
      showFault(error)
    }
  }
  const action = (label: string, act: () => void) => (
    <button type="button" class="button button-small" aria-label={`${label}: ${name}`} onClick={act}>
      {label}
    </button>
  )
  return (
    <div class="row-actions">
      {action(monitors.history, () => onAsk({ kind: 'history', monitor }))}
      {action(monitors.change, () => onAsk({ kind: 'change', monitor }))}
      {action(enabled ? monitors.disable : monitors.enable, () => void toggle())}
      {action(monitors.delete, () => onAsk({ kind: 'delete', monitor }))}
    </div>
  )
}

interface AskingProps {
  readonly asked: Asked
  readonly onDone: (note: string) => void
  readonly onClose: () => void
}

function Asking({ asked, onDone, onClose }: AskingProps) {
  const { monitors, app } = text()
  if (asked.kind === 'create' || asked.kind === 'change') {
    const before = asked.kind === 'change' ? asked.monitor.definition : undefined
    return <MonitorDialog before={before} onDone={name => onDone(monitors.saved(name))} onClose={onClose} />
  }
  const { definition, standing } = asked.monitor
  const { name, owner } = definition
  if (asked.kind === 'history') {
    return (
      <FormDialog
        title={monitors.historyTitle(name)}
        submitLabel={app.close}
        onSubmit={async () => onClose()}
        onClose={onClose}
      >
        <MonitorHistory transitions={standing?.transitions ?? []} />
      </FormDialog>
    )
  }
  const remove = async (): Promise<void> => {
    await call('monitor_delete' as string, { name, owner })
    onDone(monitors.removed(name))
  }
  return (
    <FormDialog
      title={monitors.deleteTitle(name)}
      submitLabel={monitors.delete}
      isDanger
      onSubmit={remove}
      onClose={onClose}
    >
      <p>{monitors.deleteText}</p>
    </FormDialog>
  )
}
