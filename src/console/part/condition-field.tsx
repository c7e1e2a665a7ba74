import type { Signal } from '@preact/signals'
import { useId } from 'preact/hooks'
import { text } from '../language.ts'

interface ConditionFieldProps {
  /** A JSON list, as it is entered. */
  readonly source: Signal<string>
  readonly isWrong: boolean
}

/** A condition list in a form. */
export function ConditionField({ source, isWrong }: ConditionFieldProps) {
  const { form, api } = text()
  const id = useId()
  return (
    <div class="field">
      <label for={id}>{form.condition}</label>
      <textarea
        id={id}
        class="textarea"
        rows={Math.min(10, source.value.split('\n').length + 1)}
        spellcheck={false}
        aria-invalid={isWrong}
        aria-describedby={`${id}-hint`}
        value={source.value}
        onInput={({ currentTarget }) => {
          source.value = currentTarget.value
        }}
      />
      <small class="hint" id={`${id}-hint`}>
        {isWrong ? api.notJson : form.conditionHint}
      </small>
    </div>
  )
}
