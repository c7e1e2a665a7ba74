import { useState } from 'preact/hooks'
import { useDayStats } from '../day-stats.ts'
import { text } from '../language.ts'
import type { ShownHandler, ShownTarget } from '../model/handler-form.ts'
import { hrefOf } from '../model/place.ts'
import { RefreshButton, useRefresh } from '../part/auto-refresh.tsx'
import { Confirm } from '../part/confirm.tsx'
import { dayColumns } from '../part/day-cells.tsx'
import { Fault } from '../part/fault.tsx'
import { HandlerDialog } from '../part/handler-dialog.tsx'
import { Icon } from '../part/icon.tsx'
import { type ListColumn, ListTable } from '../part/list-table.tsx'
import { Schedule } from '../part/schedule.tsx'
import { SendDialog } from '../part/send-dialog.tsx'
import { call, useCall } from '../rpc.ts'
import { showFault, showNote } from '../toast.ts'

type Asked =
  | { readonly kind: 'create' }
  | { readonly kind: 'change' | 'delete'; readonly handler: ShownHandler }
  | { readonly kind: 'send'; readonly sender: string; readonly eventType: string }

/** Of events whose sender names none. */
const usualType = 'events.NormalType'

const source = { resource: 'event-log', name: 'full_name', time: 'created_time' } as const

/** Which events are taken, by what, and how that went in the last day. */
export function HandlersScreen() {
  const { handlers } = text()
  const refresh = useRefresh(5000)
  const { data, error, reload } = useCall('event-handler_list', {}, { every: refresh.every })
  const stats = useDayStats(source, refresh.every)
  const [asked, ask] = useState<Asked | undefined>(undefined)
  const found = data.value as { readonly handlers: readonly ShownHandler[] } | undefined
  const columns: readonly ListColumn<ShownHandler>[] = [
    { title: handlers.name, isHead: true, show: handler => <Name handler={handler} /> },
    {
      title: handlers.takes,
      show: ({ sender, event_type: type }) => (
        <>
          <code>{sender}</code>
          {type !== usualType && <code class="cell-note">{type}</code>}
        </>
      ),
    },
    { title: handlers.target, show: ({ target }) => <Target target={target} /> },
    { title: handlers.schedule, show: handler => <Schedule of={handler} /> },
    { title: handlers.state, show: ({ enabled }) => <Enabled isEnabled={enabled} /> },
    ...dayColumns({ ...source, stats, nameOf: ({ full_name: name }: ShownHandler) => name }),
    { title: handlers.actions, show: handler => <Actions handler={handler} onAsk={ask} onDone={reload} /> },
  ]
  return (
    <div class="screen">
      <header class="screen-head">
        <h1>{handlers.title}</h1>
        <RefreshButton {...refresh} />
        <button
          type="button"
          class="button"
          onClick={() => ask({ kind: 'send', sender: '', eventType: usualType })}
        >
          <Icon name="send" /> {handlers.send}
        </button>
        <button type="button" class="button button-primary" onClick={() => ask({ kind: 'create' })}>
          <Icon name="plus" /> {handlers.create}
        </button>
      </header>
      <Fault error={error.value} onRetry={reload} />
      <ListTable
        label={handlers.title}
        columns={columns}
        rows={found?.handlers}
        keyOf={({ full_name: name }) => name}
        none={handlers.none}
      />
      {asked !== undefined && <AskedDialog asked={asked} onDone={reload} onClose={() => ask(undefined)} />}
    </div>
  )
}

function Name({ handler: { full_name: name, description } }: { readonly handler: ShownHandler }) {
  return (
    <>
      {name}
      {description !== null && <span class="cell-note">{description}</span>}
    </>
  )
}

function Target({ target }: { readonly target: ShownTarget }) {
  const { handlers } = text()
  if (target.kind === 'js_worker')
    return <a href={hrefOf({ path: ['scripts', target.name], params: {} })}>{target.name}</a>
  return (
    <>
      <span class="tag">{handlers.targets[target.kind]}</span>
      {target.kind === 'webhook' && <span class="mono">{target.url}</span>}
    </>
  )
}

function Enabled({ isEnabled }: { readonly isEnabled: boolean }) {
  const { handlers } = text()
  return (
    <span class={`state state-${isEnabled ? 'success' : 'waiting'}`}>
      {isEnabled ? handlers.enabled : handlers.disabled}
    </span>
  )
}

interface ActionsProps {
  readonly handler: ShownHandler
  readonly onAsk: (asked: Asked) => void
  readonly onDone: () => void
}

function Actions({ handler, onAsk, onDone }: ActionsProps) {
  const { handlers } = text()
  const { full_name, enabled, sender, event_type: eventType } = handler
  const toggleLabel = enabled ? handlers.disable : handlers.enable

  async function toggle(): Promise<void> {
    try {
      await call('event-handler_update', { full_name, enabled: !enabled })
      showNote(enabled ? handlers.disabledNote(full_name) : handlers.enabledNote(full_name))
    } catch (error) {
      showFault(error)
    }
    onDone()
  }

  const button = (label: string, icon: Parameters<typeof Icon>[0]['name'], onClick: () => void) => (
    <button
      type="button"
      class="button-icon"
      aria-label={`${label}: ${full_name}`}
      title={label}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  )
  return (
    <div class="row-actions row-icons">
      {button(toggleLabel, enabled ? 'pause' : 'play', () => void toggle())}
      {button(handlers.send, 'send', () =>
        // What a pattern stands for is said by who sends.
        onAsk({ kind: 'send', sender: sender.replace(/\*$/, ''), eventType: eventType.replace(/\*$/, '') }),
      )}
      {button(handlers.edit, 'edit', () => onAsk({ kind: 'change', handler }))}
      {button(handlers.delete, 'trash', () => onAsk({ kind: 'delete', handler }))}
    </div>
  )
}

interface AskedDialogProps {
  readonly asked: Asked
  readonly onDone: () => void
  readonly onClose: () => void
}

function AskedDialog({ asked, onDone, onClose }: AskedDialogProps) {
  const { handlers } = text()
  if (asked.kind === 'send')
    return <SendDialog sender={asked.sender} eventType={asked.eventType} onClose={onClose} />
  if (asked.kind === 'delete') {
    const { full_name } = asked.handler
    return (
      <Confirm
        title={handlers.deleteTitle(full_name)}
        action={handlers.delete}
        typed={full_name}
        onConfirm={async () => {
          await call('event-handler_delete', { full_name })
          onDone()
        }}
        onClose={onClose}
      >
        <p>{handlers.deleteText}</p>
      </Confirm>
    )
  }
  return (
    <HandlerDialog
      handler={asked.kind === 'change' ? asked.handler : undefined}
      onDone={() => {
        onDone()
        onClose()
      }}
      onClose={onClose}
    />
  )
}
