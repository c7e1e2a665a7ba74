import { type Signal, useSignal } from '@preact/signals'
import { parseJson } from '../../json.ts'
import { text } from '../language.ts'
import type { MonitorDefinition } from '../model/monitor.ts'
import { call } from '../rpc.ts'
import { ConditionField } from './condition-field.tsx'
import { FormDialog } from './form-dialog.tsx'
import { ResourceField } from './resource-field.tsx'
import { SpanField } from './span-field.tsx'

interface MonitorDialogProps {
  /** Absent: a new one. */
  readonly before: MonitorDefinition | undefined
  readonly onDone: (name: string) => void
  readonly onClose: () => void
}

const fresh: MonitorDefinition = {
  name: '',
  owner: '',
  resource: 'js-result',
  query: { condition: ['is_failure'] },
  window_ms: 300_000,
  every_ms: 30_000,
  when: { at_least: 10 },
  for_ms: 0,
  event: { sender: 'monitor', event_type: 'events.NormalType', kwargs: {} },
  enabled: true,
}

/** Makes a monitor, or changes one; its name and what it counts stay. */
export function MonitorDialog({ before, onDone, onClose }: MonitorDialogProps) {
  const { monitors } = text()
  const first = before ?? fresh
  const name = useSignal(first.name)
  const resource = useSignal(first.resource)
  const condition = useSignal(first.query.condition)
  const kind = useSignal<'at_least' | 'at_most'>('at_least' in first.when ? 'at_least' : 'at_most')
  const count = useSignal(String('at_least' in first.when ? first.when.at_least : first.when.at_most))
  const spans = {
    window: useSignal(first.window_ms),
    every: useSignal(first.every_ms),
    lasting: useSignal(first.for_ms),
  }
  const sender = useSignal(first.event.sender)
  const type = useSignal(first.event.event_type)
  const kwargs = useSignal(JSON.stringify(first.event.kwargs))

  async function save(): Promise<void> {
    const changeable = {
      query: { condition: condition.peek() },
      window_ms: spans.window.peek(),
      every_ms: spans.every.peek(),
      when: { [kind.peek()]: Number(count.peek()) },
      for_ms: spans.lasting.peek(),
      event: { sender: sender.peek(), event_type: type.peek(), kwargs: parseJson(kwargs.peek() || '{}') },
    }
    if (before === undefined) {
      await call('monitor_create' as string, { name: name.peek(), resource: resource.peek(), ...changeable })
    } else {
      await call('monitor_update' as string, { name: before.name, owner: before.owner, ...changeable })
    }
    onDone(name.peek())
  }

  return (
    <FormDialog
      title={before === undefined ? monitors.create : monitors.changeTitle(before.name)}
      submitLabel={monitors.save}
      onSubmit={save}
      onClose={onClose}
    >
      {before === undefined && (
        <div class="form-columns">
          <TextField label={monitors.name} value={name} />
          <ResourceField resource={resource} />
        </div>
      )}
      <ConditionField resource={resource.value} condition={condition} />
      <Threshold kind={kind} count={count} />
      <div class="form-columns">
        <SpanField label={monitors.window} ms={spans.window} />
        <SpanField label={monitors.every} ms={spans.every} />
        <SpanField label={monitors.lastingFor} ms={spans.lasting} />
      </div>
      <div class="form-columns">
        <TextField label={monitors.sender} value={sender} />
        <TextField label={monitors.eventType} value={type} />
      </div>
      <TextField label={monitors.kwargs} value={kwargs} />
    </FormDialog>
  )
}

function TextField({ label, value }: { readonly label: string; readonly value: Signal<string> }) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        class="input"
        required
        spellcheck={false}
        autocomplete="off"
        value={value.value}
        onInput={({ currentTarget }) => {
          value.value = currentTarget.value
        }}
      />
    </label>
  )
}

interface ThresholdProps {
  readonly kind: Signal<'at_least' | 'at_most'>
  readonly count: Signal<string>
}

function Threshold({ kind, count }: ThresholdProps) {
  const { monitors } = text()
  return (
    <fieldset class="field">
      <legend>{monitors.fires}</legend>
      <div class="span-field">
        <select
          class="select"
          aria-label={monitors.fires}
          value={kind.value}
          onChange={({ currentTarget }) => {
            kind.value = currentTarget.value === 'at_most' ? 'at_most' : 'at_least'
          }}
        >
          <option value="at_least">{monitors.least}</option>
          <option value="at_most">{monitors.most}</option>
        </select>
        <input
          class="input number"
          type="number"
          min="0"
          required
          aria-label={monitors.number}
          value={count.value}
          onInput={({ currentTarget }) => {
            count.value = currentTarget.value
          }}
        />
      </div>
    </fieldset>
  )
}
