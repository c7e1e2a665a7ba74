import { useState } from 'preact/hooks'
import { text } from '../language.ts'
import {
  formOfHandler,
  type HandlerForm,
  paramsOfForm,
  type ShownHandler,
  targetKinds,
} from '../model/handler-form.ts'
import { call } from '../rpc.ts'
import { FormDialog } from './form-dialog.tsx'
import { type Suggestion, Typeahead } from './typeahead.tsx'

export interface HandlerDialogProps {
  /** Absent: a new one. */
  readonly handler?: ShownHandler | undefined
  readonly onDone: () => void
  readonly onClose: () => void
}

/** Makes a handler, or changes one. */
export function HandlerDialog({ handler, onDone, onClose }: HandlerDialogProps) {
  const { handlers } = text()
  const [form, setForm] = useState<HandlerForm>(() => formOfHandler(handler))
  const change = (changes: Partial<HandlerForm>): void => setForm(before => ({ ...before, ...changes }))
  const isNew = handler === undefined

  async function submit(): Promise<void> {
    await call(isNew ? 'event-handler_create' : ('event-handler_update' as string), paramsOfForm(form))
    onDone()
  }

  return (
    <FormDialog
      title={isNew ? handlers.create : handlers.change(form.full_name)}
      submitLabel={isNew ? handlers.submit : handlers.save}
      onSubmit={submit}
      onClose={onClose}
    >
      {isNew && (
        <TextField
          label={handlers.name}
          value={form.full_name}
          onInput={full_name => change({ full_name })}
        />
      )}
      <div class="form-columns">
        <TextField
          label={handlers.sender}
          hint={handlers.patternHint}
          value={form.sender}
          onInput={sender => change({ sender })}
        />
        <TextField
          label={handlers.eventType}
          value={form.event_type}
          onInput={event_type => change({ event_type })}
        />
      </div>
      <TargetFields form={form} onChange={change} />
      <details>
        <summary>{handlers.more}</summary>
        <MoreFields form={form} onChange={change} />
      </details>
      <TextField
        label={handlers.description}
        value={form.description}
        onInput={description => change({ description })}
      />
    </FormDialog>
  )
}

interface FieldsProps {
  readonly form: HandlerForm
  readonly onChange: (changes: Partial<HandlerForm>) => void
}

function TargetFields({ form, onChange }: FieldsProps) {
  const { handlers } = text()
  return (
    <div class="form-columns">
      <label class="field">
        <span>{handlers.target}</span>
        <select
          class="select"
          value={form.kind}
          onChange={({ currentTarget: { value } }) =>
            onChange({ kind: targetKinds.find(each => each === value) ?? 'js_worker' })
          }
        >
          {targetKinds.map(kind => (
            <option key={kind} value={kind}>
              {handlers.targets[kind]}
            </option>
          ))}
        </select>
      </label>
      {form.kind === 'js_worker' && (
        <div class="field">
          <span>{handlers.script}</span>
          <Typeahead
            label={handlers.script}
            value={form.script}
            onInput={script => onChange({ script })}
            suggest={suggestScripts}
          />
        </div>
      )}
      {form.kind === 'webhook' && (
        <>
          <TextField label={handlers.url} value={form.url} onInput={url => onChange({ url })} />
          <TextField
            label={handlers.secret}
            hint={handlers.secretHint}
            value={form.secret}
            onInput={secret => onChange({ secret })}
          />
        </>
      )}
    </div>
  )
}

async function suggestScripts(prefix: string): Promise<readonly Suggestion[]> {
  const { workers } = await call('js-worker_list', {})
  return workers.filter(({ name }) => name.startsWith(prefix)).map(({ name }) => ({ value: name }))
}

function MoreFields({ form, onChange }: FieldsProps) {
  const { handlers } = text()
  return (
    <div class="form-columns form-more">
      <TextField
        label={handlers.retryLimit}
        value={form.retry_limit}
        isNumber
        onInput={retry_limit => onChange({ retry_limit })}
      />
      <TextField
        label={handlers.retryDelay}
        value={form.retry_delay_ms}
        isNumber
        onInput={retry_delay_ms => onChange({ retry_delay_ms })}
      />
      <label class="check">
        <input
          type="checkbox"
          checked={form.retry_backoff}
          onChange={({ currentTarget }) => onChange({ retry_backoff: currentTarget.checked })}
        />
        {handlers.backoff}
      </label>
      <TextField
        label={handlers.timeout}
        value={form.timeout_ms}
        isNumber
        onInput={timeout_ms => onChange({ timeout_ms })}
      />
      <TextField
        label={handlers.concurrency}
        hint={handlers.concurrencyHint}
        value={form.concurrency}
        isNumber
        onInput={concurrency => onChange({ concurrency })}
      />
      <TextField
        label={handlers.cron}
        hint={handlers.cronHint}
        value={form.cron}
        onInput={cron => onChange({ cron })}
      />
      <TextField label={handlers.timeZone} value={form.tz} onInput={tz => onChange({ tz })} />
    </div>
  )
}

interface TextFieldProps {
  readonly label: string
  readonly hint?: string
  readonly value: string
  readonly isNumber?: boolean
  readonly onInput: (value: string) => void
}

function TextField({ label, hint, value, isNumber = false, onInput }: TextFieldProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        class="input"
        inputMode={isNumber ? 'numeric' : 'text'}
        autocomplete="off"
        spellcheck={false}
        value={value}
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
      {hint !== undefined && <small class="hint">{hint}</small>}
    </label>
  )
}
