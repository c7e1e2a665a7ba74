import type { Signal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { useApiDocument } from '../api-document.ts'
import { text } from '../language.ts'
import { vocabularyOf } from '../model/vocabulary.ts'
import { ConditionBar } from './condition-bar.tsx'

interface ConditionFieldProps {
  readonly resource: string
  readonly condition: Signal<readonly unknown[]>
}

/** A condition list in a form. */
export function ConditionField({ resource, condition }: ConditionFieldProps) {
  const { form, app } = text()
  const { document } = useApiDocument()
  const vocabulary = useMemo(() => vocabularyOf(document, resource), [document, resource])
  return (
    <fieldset class="field">
      <legend>{form.condition}</legend>
      {vocabulary === undefined ? (
        <p class="hint">{app.loading}</p>
      ) : (
        <ConditionBar
          vocabulary={vocabulary}
          condition={condition.value}
          onChange={next => {
            condition.value = next
          }}
        />
      )}
      <small class="hint">{form.conditionHint}</small>
    </fieldset>
  )
}
