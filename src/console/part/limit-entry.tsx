import { useSignal } from '@preact/signals'
import { text } from '../language.ts'
import { type LimitWords, writePermission, writeScope } from '../model/limit-form.ts'
import { Icon } from './icon.tsx'

interface EntryProps {
  readonly words: LimitWords
  /** Absent: the entry is read by `onChange` alone, and there is no button. */
  readonly onAdd?: (entry: unknown) => void
  readonly onChange?: (entry: unknown) => void
}

/** Chooses a scope. */
export function ScopeEntryFields({ words, onAdd, onChange }: EntryProps) {
  const { tokens } = text()
  const kind = useSignal('global')
  const pattern = useSignal('*')
  const entry = (): unknown => writeScope({ kind: kind.peek(), pattern: pattern.peek() })
  const change = (): void => onChange?.(entry())
  return (
    <div class="limit-entry">
      <Choice
        label={tokens.scopeKind}
        words={words.scopes}
        value={kind.value}
        onChange={next => {
          kind.value = next
          change()
        }}
      />
      {kind.value !== 'global' && (
        <Pattern
          value={pattern.value}
          onChange={next => {
            pattern.value = next
            change()
          }}
        />
      )}
      <Add label={tokens.addScope} onAdd={onAdd && (() => onAdd(entry()))} />
    </div>
  )
}

/** Chooses a permission. */
export function PermissionEntryFields({ words, onAdd, onChange }: EntryProps) {
  const { tokens } = text()
  const [first] = words.permissions
  const kind = useSignal(first?.kind ?? '')
  const verb = useSignal(first?.verbs[0] ?? '')
  const pattern = useSignal('*')
  const word = words.permissions.find(each => each.kind === kind.value)
  const entry = (): unknown =>
    writePermission({ kind: kind.peek(), verb: verb.peek(), pattern: pattern.peek() }, words)
  const change = (): void => onChange?.(entry())
  return (
    <div class="limit-entry">
      <Choice
        label={tokens.permissionKind}
        words={words.permissions.map(each => each.kind)}
        value={kind.value}
        onChange={next => {
          kind.value = next
          verb.value = words.permissions.find(each => each.kind === next)?.verbs[0] ?? ''
          change()
        }}
      />
      <Choice
        label={tokens.verb}
        words={word?.verbs ?? []}
        value={verb.value}
        onChange={next => {
          verb.value = next
          change()
        }}
      />
      {word?.hasPattern === true && (
        <Pattern
          value={pattern.value}
          onChange={next => {
            pattern.value = next
            change()
          }}
        />
      )}
      <Add label={tokens.addPermission} onAdd={onAdd && (() => onAdd(entry()))} />
    </div>
  )
}

interface ChoiceProps {
  readonly label: string
  readonly words: readonly string[]
  readonly value: string
  readonly onChange: (value: string) => void
}

function Choice({ label, words, value, onChange }: ChoiceProps) {
  return (
    <select
      class="select mono"
      aria-label={label}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    >
      {words.map(word => (
        <option key={word}>{word}</option>
      ))}
    </select>
  )
}

function Pattern({ value, onChange }: Pick<ChoiceProps, 'value' | 'onChange'>) {
  return (
    <input
      class="input mono"
      aria-label={text().tokens.pattern}
      placeholder="demo_*"
      spellcheck={false}
      value={value}
      onInput={({ currentTarget }) => onChange(currentTarget.value)}
    />
  )
}

function Add({ label, onAdd }: { readonly label: string; readonly onAdd: (() => void) | undefined }) {
  if (onAdd === undefined) return null
  return (
    <button type="button" class="button button-small" onClick={onAdd}>
      <Icon name="plus" size={14} /> {label}
    </button>
  )
}
