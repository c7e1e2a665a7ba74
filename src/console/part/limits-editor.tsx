import { type Signal, useSignal } from '@preact/signals'
import { useId } from 'preact/hooks'
import { parseJson } from '../../json.ts'
import { text } from '../language.ts'
import {
  type LimitWords,
  permissionText,
  scopeText,
  type WireLimit,
  withEntry,
  withoutEntry,
} from '../model/limit-form.ts'
import { Icon } from './icon.tsx'
import { PermissionEntryFields, ScopeEntryFields } from './limit-entry.tsx'

interface LimitsEditorProps {
  readonly words: LimitWords
  readonly limits: Signal<readonly WireLimit[]>
}

/** What a token may do: each of the permissions of a limit, on each of its scopes. As fields, or as JSON. */
export function LimitsEditor({ words, limits }: LimitsEditorProps) {
  const { tokens } = text()
  return (
    <fieldset class="limits">
      <legend>{tokens.limits}</legend>
      {limits.value.map((limit, at) => (
        <section key={at} class="limit" aria-label={tokens.limit(at)}>
          <header>
            <h3>{tokens.limit(at)}</h3>
            <button
              type="button"
              class="button-icon"
              aria-label={tokens.removeLimit(at)}
              onClick={() => (limits.value = limits.peek().toSpliced(at, 1))}
            >
              <Icon name="trash" />
            </button>
          </header>
          <Entries
            label={tokens.scopes}
            texts={limit.scopes.map(scopeText)}
            onRemove={index => (limits.value = withoutEntry(limits.peek(), at, 'scopes', index))}
          />
          <ScopeEntryFields
            words={words}
            onAdd={scope => (limits.value = withEntry(limits.peek(), at, 'scopes', scope))}
          />
          <Entries
            label={tokens.permissions}
            texts={limit.permissions.map(permissionText)}
            onRemove={index => (limits.value = withoutEntry(limits.peek(), at, 'permissions', index))}
          />
          <PermissionEntryFields
            words={words}
            onAdd={entry => (limits.value = withEntry(limits.peek(), at, 'permissions', entry))}
          />
        </section>
      ))}
      <button
        type="button"
        class="button"
        onClick={() => (limits.value = [...limits.peek(), { scopes: [], permissions: [] }])}
      >
        <Icon name="plus" /> {tokens.addLimit}
      </button>
      <JsonForm limits={limits} />
    </fieldset>
  )
}

interface EntriesProps {
  readonly label: string
  readonly texts: readonly string[]
  readonly onRemove: (index: number) => void
}

function Entries({ label, texts, onRemove }: EntriesProps) {
  const { tokens, app } = text()
  return (
    <div class="limit-entries">
      <span class="hint">{label}</span>
      {texts.length === 0 && <span class="muted">{app.none}</span>}
      {texts.map((each, index) => (
        <span class="tag" key={each}>
          {each}
          <button type="button" aria-label={tokens.removeEntry(each)} onClick={() => onRemove(index)}>
            <Icon name="close" size={12} />
          </button>
        </span>
      ))}
    </div>
  )
}

function JsonForm({ limits }: Pick<LimitsEditorProps, 'limits'>) {
  const { tokens, api } = text()
  const id = useId()
  const draft = useSignal<string | undefined>(undefined)
  const isWrong = draft.value !== undefined && readLimits(draft.value) === undefined
  return (
    <details>
      <summary>{tokens.asJson}</summary>
      <textarea
        class="textarea"
        rows={8}
        spellcheck={false}
        aria-label={tokens.asJson}
        aria-invalid={isWrong}
        aria-describedby={id}
        value={draft.value ?? JSON.stringify(limits.value, null, 2)}
        onInput={({ currentTarget }) => {
          draft.value = currentTarget.value
          limits.value = readLimits(currentTarget.value) ?? limits.peek()
        }}
        onBlur={() => {
          if (!isWrong) draft.value = undefined
        }}
      />
      <small class="hint" id={id}>
        {isWrong ? api.notJson : ''}
      </small>
    </details>
  )
}

/** Undefined: not a list of limits yet. What is wrong within them, the server says. */
function readLimits(json: string): readonly WireLimit[] | undefined {
  try {
    const value = parseJson(json)
    return Array.isArray(value) && value.every(isLimit) ? value : undefined
  } catch {
    return undefined
  }
}

function isLimit(value: unknown): value is WireLimit {
  if (typeof value !== 'object' || value === null) return false
  return (
    'scopes' in value &&
    Array.isArray(value.scopes) &&
    'permissions' in value &&
    Array.isArray(value.permissions)
  )
}
