import { type Signal, useSignal } from '@preact/signals'
import { useId } from 'preact/hooks'
import { text } from '../language.ts'
import { type SpanUnit, spanOf, spanUnits } from '../model/span.ts'

interface SpanFieldProps {
  readonly label: string
  readonly hint?: string
  readonly ms: Signal<number>
}

/** A length of time: a number and its unit. */
export function SpanField({ label, hint, ms }: SpanFieldProps) {
  const { form } = text()
  const id = useId()
  const first = spanOf(ms.peek())
  const count = useSignal(String(first.count))
  const unit = useSignal<SpanUnit>(first.unit)
  const change = (): void => {
    ms.value = Math.round(Number(count.peek()) * spanUnits[unit.peek()])
  }
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="span-field">
        <input
          id={id}
          class="input number"
          type="number"
          min="0"
          step="any"
          required
          aria-describedby={hint === undefined ? undefined : `${id}-hint`}
          value={count.value}
          onInput={({ currentTarget }) => {
            count.value = currentTarget.value
            change()
          }}
        />
        <select
          class="select"
          aria-label={`${label}: ${form.unit}`}
          value={unit.value}
          onChange={({ currentTarget }) => {
            unit.value = currentTarget.value as SpanUnit
            change()
          }}
        >
          {Object.entries(form.units).map(([name, shown]) => (
            <option key={name} value={name}>
              {shown}
            </option>
          ))}
        </select>
      </div>
      {hint !== undefined && (
        <small class="hint" id={`${id}-hint`}>
          {hint}
        </small>
      )}
    </div>
  )
}
