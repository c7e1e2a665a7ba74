import type { Signal } from '@preact/signals'
import { useId } from 'preact/hooks'
import { text } from '../language.ts'
import type { FormField } from '../model/schema-form.ts'

export interface MethodFieldsProps {
  readonly fields: readonly FormField[]
  /** What is entered, by name; a field that was not touched has its initial text. */
  readonly texts: Signal<Readonly<Record<string, string>>>
  /** What a field is called; its name in the API where nothing is said. */
  readonly labels?: Readonly<Record<string, string>>
  /** The field that cannot be read. */
  readonly wrong?: string | undefined
}

/** The fields of a method's parameters. */
export function MethodFields({ fields, texts, labels = {}, wrong }: MethodFieldsProps) {
  return (
    <>
      {fields.map(field => (
        <Field
          key={field.name}
          field={field}
          label={labels[field.name]}
          isWrong={wrong === field.name}
          value={texts.value[field.name] ?? field.initial}
          onChange={value => {
            texts.value = { ...texts.peek(), [field.name]: value }
          }}
        />
      ))}
    </>
  )
}

interface FieldProps {
  readonly field: FormField
  readonly label: string | undefined
  readonly isWrong: boolean
  readonly value: string
  readonly onChange: (value: string) => void
}

function Field({ field, label = field.name, isWrong, value, onChange }: FieldProps) {
  const id = useId()
  const { api } = text()
  const hint = [field.description, field.fallback && api.fallback(field.fallback)].filter(Boolean).join(' · ')
  const common = {
    id,
    'aria-describedby': `${id}-hint`,
    'aria-required': field.isRequired,
    'aria-invalid': isWrong,
  }
  if (field.input === 'flag') {
    return (
      <div class="field">
        <label class="check">
          <input
            type="checkbox"
            checked={value === 'true'}
            onChange={event => onChange(String(event.currentTarget.checked))}
          />
          {label}
        </label>
        {hint !== '' && <small class="hint">{hint}</small>}
      </div>
    )
  }
  return (
    <div class="field">
      <label for={id}>
        {label}
        {!field.isRequired && <span class="muted"> · {api.optional}</span>}
      </label>
      <Input field={field} value={value} onChange={onChange} common={common} />
      <small class="hint" id={`${id}-hint`}>
        {isWrong ? api.notJson : hint}
      </small>
    </div>
  )
}

interface InputProps {
  readonly field: FormField
  readonly value: string
  readonly onChange: (value: string) => void
  readonly common: object
}

function Input({ field, value, onChange, common }: InputProps) {
  if (field.input === 'choice') {
    return (
      <select
        class="select"
        {...common}
        value={value}
        onChange={event => onChange(event.currentTarget.value)}
      >
        <option value="">{field.isRequired ? '' : text().api.leftOut}</option>
        {field.choices.map(choice => (
          <option key={choice}>{choice}</option>
        ))}
      </select>
    )
  }
  if (field.input === 'text' || !isLong(field, value)) {
    return (
      <input
        class={`input ${field.input === 'json' ? 'mono' : ''}`}
        {...common}
        value={value}
        spellcheck={false}
        autocomplete="off"
        onInput={event => onChange(event.currentTarget.value)}
      />
    )
  }
  return (
    <textarea
      class="textarea"
      {...common}
      rows={Math.min(12, Math.max(3, value.split('\n').length))}
      spellcheck={false}
      value={value}
      onInput={event => onChange(event.currentTarget.value)}
    />
  )
}

/** A number needs one line; what may be an object needs several. */
function isLong({ isNumber }: FormField, value: string): boolean {
  return !isNumber || value.includes('\n')
}
