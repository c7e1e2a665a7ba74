import { useId, useState } from 'preact/hooks'
import { text } from '../language.ts'
import { type Chip, parseChips, printChips } from '../model/condition-chip.ts'
import type { ConditionKey, Vocabulary } from '../model/vocabulary.ts'
import { Dialog } from './dialog.tsx'
import type { Suggestion } from './typeahead.tsx'
import { JsonField, ValueField } from './value-field.tsx'

/** The values of a field that begin like this, with how many records have them (`X_facet`). */
export type Suggest = (field: string, prefix: string) => Promise<readonly Suggestion[]>

export interface ChipDialogProps {
  readonly vocabulary: Vocabulary
  /** Absent: a new one. */
  readonly chip?: Chip | undefined
  readonly suggest?: Suggest | undefined
  readonly onChange: (chip: Chip) => void
  readonly onClose: () => void
}

const json = 'JSON'

/** Makes or changes one condition. */
export function ChipDialog({ vocabulary, chip, suggest, onChange, onClose }: ChipDialogProps) {
  const { condition, app } = text()
  const id = useId()
  const isNegated = chip?.type === 'not'
  const first = isNegated ? chip.chip : chip
  const [name, setName] = useState(nameOf(first))
  const [isNot, setNot] = useState(isNegated)
  const [value, setValue] = useState<unknown>(givenValue(first))
  const key = vocabulary.keys.get(name)
  const made = chipOf({ name, value, vocabulary })
  const topOnly = ['last', 'all', 'limit'].includes(name)

  return (
    <Dialog title={chip === undefined ? condition.add : condition.change} onClose={onClose}>
      <form
        class="dialog-form"
        onSubmit={event => {
          event.preventDefault()
          if (made === undefined) return
          onChange(isNot && !topOnly ? { type: 'not', chip: made } : made)
          onClose()
        }}
      >
        <div class="field">
          <label htmlFor={id}>{condition.which}</label>
          <NameSelect
            id={id}
            vocabulary={vocabulary}
            value={name}
            onChange={next => {
              setName(next)
              setValue(firstValue(vocabulary.keys.get(next)))
            }}
          />
          <small class="hint">{key?.summary ?? vocabulary.words.get(name) ?? ''}</small>
        </div>
        {key !== undefined && (
          <ValueField
            key={name}
            label={condition.value}
            input={key.input}
            value={value}
            onChange={setValue}
            suggest={
              key.hasFacet && suggest !== undefined
                ? prefix => suggest(key.subject, trimStar(prefix))
                : undefined
            }
          />
        )}
        {name === json && (
          <JsonField label={json} input={{ type: 'json' }} value={value} onChange={setValue} />
        )}
        <label class="menu-choice">
          <input
            type="checkbox"
            checked={isNot && !topOnly}
            disabled={topOnly}
            onChange={({ currentTarget }) => setNot(currentTarget.checked)}
          />
          {condition.negate}
        </label>
        <footer class="dialog-foot">
          <button type="button" class="button" onClick={onClose}>
            {app.cancel}
          </button>
          <button type="submit" class="button button-primary" disabled={made === undefined}>
            {condition.apply}
          </button>
        </footer>
      </form>
    </Dialog>
  )
}

/** A pattern is suggested what begins like its literal. */
function trimStar(prefix: string): string {
  return prefix.endsWith('*') ? prefix.slice(0, -1) : prefix
}

interface NameSelectProps {
  readonly id: string
  readonly vocabulary: Vocabulary
  readonly value: string
  readonly onChange: (name: string) => void
}

function NameSelect({ id, vocabulary, value, onChange }: NameSelectProps) {
  const { condition } = text()
  const groups = Map.groupBy(vocabulary.keys.values(), ({ subject }) => subject)
  return (
    <select
      id={id}
      class="select"
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    >
      <option value="" disabled>
        {condition.choose}
      </option>
      <optgroup label={condition.words}>
        {[...vocabulary.words.keys()].map(name => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </optgroup>
      {[...groups].map(([subject, keys]) => (
        <optgroup key={subject} label={subject}>
          {keys.map(({ name, operator }) => (
            <option key={name} value={name}>
              {subject} {condition.operators[operator]}
            </option>
          ))}
        </optgroup>
      ))}
      <option value={json}>{condition.asJson}</option>
    </select>
  )
}

function nameOf(chip: Chip | undefined): string {
  if (chip === undefined) return ''
  return chip.type === 'word' || chip.type === 'key' ? chip.name : json
}

function givenValue(chip: Chip | undefined): unknown {
  if (chip === undefined || chip.type === 'word') return undefined
  return chip.type === 'key' ? chip.value : printChips([chip])[0]
}

/** What stands in the field before anything is put in. */
function firstValue(key: ConditionKey | undefined): unknown {
  if (key?.input.type === 'span') return '24h'
  return key?.input.type === 'texts' || key?.input.type === 'numbers' ? [] : undefined
}

interface Draft {
  readonly name: string
  readonly value: unknown
  readonly vocabulary: Vocabulary
}

/** Undefined while it is not complete. */
function chipOf({ name, value, vocabulary }: Draft): Chip | undefined {
  if (vocabulary.words.has(name)) return { type: 'word', name }
  if (name === '' || value === undefined) return undefined
  return name === json ? parseChips([value], vocabulary)[0] : { type: 'key', name, value }
}
