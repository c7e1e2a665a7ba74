import { useState } from 'preact/hooks'
import { parseJson, stringifyJson } from '../../json.ts'
import { text } from '../language.ts'
import {
  type PathOperator,
  type PathTest,
  parsePath,
  pathOperators,
  readPathTest,
  writePathTest,
} from '../model/json-path.ts'
import { pathText } from '../model/json-tree.ts'
import { localInputOf, timeOfLocalInput } from '../model/local-time.ts'
import { readSpan, type SpanUnit, spanUnits, writeSpan } from '../model/time-span.ts'
import type { ValueInput } from '../model/vocabulary.ts'
import { Icon } from './icon.tsx'
import { type Suggestion, Typeahead } from './typeahead.tsx'

export interface ValueFieldProps {
  readonly label: string
  readonly input: ValueInput
  readonly value: unknown
  /** Undefined while what is put in is no value. */
  readonly onChange: (value: unknown) => void
  readonly suggest?: ((prefix: string) => Promise<readonly Suggestion[]>) | undefined
}

/** Where the value of a condition is put in, as its kind needs it. */
export function ValueField(props: ValueFieldProps) {
  switch (props.input.type) {
    case 'text':
      return (
        <Typeahead
          label={props.label}
          value={typeof props.value === 'string' ? props.value : ''}
          onInput={props.onChange}
          suggest={props.suggest}
        />
      )
    case 'number':
      return <NumberField {...props} />
    case 'time':
      return <TimeField label={props.label} value={props.value} onChange={props.onChange} />
    case 'times':
      return <TimesField {...props} />
    case 'span':
      return <SpanField {...props} />
    case 'texts':
    case 'numbers':
      return <ListField {...props} />
    case 'choice':
    case 'choices':
      return <ChoiceField {...props} />
    case 'path':
      return <PathField {...props} />
    case 'json':
      return <JsonField {...props} />
  }
}

function NumberField({ label, value, onChange }: ValueFieldProps) {
  return (
    <input
      class="input"
      type="number"
      step={1}
      aria-label={label}
      value={typeof value === 'number' ? value : ''}
      onInput={({ currentTarget }) => {
        onChange(Number.isNaN(currentTarget.valueAsNumber) ? undefined : currentTarget.valueAsNumber)
      }}
    />
  )
}

type TimeFieldProps = Pick<ValueFieldProps, 'label' | 'value' | 'onChange'>

function TimeField({ label, value, onChange }: TimeFieldProps) {
  return (
    <input
      class="input"
      type="datetime-local"
      step={0.001}
      aria-label={label}
      value={typeof value === 'number' ? localInputOf(value) : ''}
      onInput={({ currentTarget }) => onChange(timeOfLocalInput(currentTarget.value))}
    />
  )
}

function TimesField({ label, value, onChange }: ValueFieldProps) {
  const { condition } = text()
  const [pair, setPair] = useState<readonly unknown[]>(Array.isArray(value) ? value : [])
  const change = (next: readonly unknown[]): void => {
    setPair(next)
    onChange(next.every(time => typeof time === 'number') && next.length === 2 ? next : undefined)
  }
  return (
    <div class="form-columns">
      <TimeField
        label={`${label}: ${condition.from}`}
        value={pair[0]}
        onChange={from => change([from, pair[1]])}
      />
      <TimeField label={`${label}: ${condition.to}`} value={pair[1]} onChange={to => change([pair[0], to])} />
    </div>
  )
}

function SpanField({ label, value, onChange }: ValueFieldProps) {
  const { condition } = text()
  const [count, setCount] = useState<number>(readSpan(value)?.count ?? 24)
  const [unit, setUnit] = useState<SpanUnit>(readSpan(value)?.unit ?? 'h')
  const change = (count: number, unit: SpanUnit): void => {
    setCount(count)
    setUnit(unit)
    onChange(Number.isInteger(count) && count >= 0 ? writeSpan({ count, unit }) : undefined)
  }
  return (
    <div class="form-row">
      <input
        class="input"
        type="number"
        min={0}
        step={1}
        aria-label={label}
        value={Number.isNaN(count) ? '' : count}
        onInput={({ currentTarget }) => change(currentTarget.valueAsNumber, unit)}
      />
      <select
        class="select"
        aria-label={condition.unit}
        value={unit}
        onChange={({ currentTarget }) =>
          change(count, spanUnits.find(each => each === currentTarget.value) ?? 'h')
        }
      >
        {spanUnits.map(each => (
          <option key={each} value={each}>
            {condition.units[each]}
          </option>
        ))}
      </select>
    </div>
  )
}

function ListField({ label, input, value, onChange, suggest }: ValueFieldProps) {
  const [typed, setTyped] = useState('')
  const list: readonly unknown[] = Array.isArray(value) ? value : []
  const add = (given: string): void => {
    const next = input.type === 'numbers' ? Number(given) : given
    if (!Number.isNaN(next) && !list.includes(next)) onChange([...list, next])
    setTyped('')
  }
  return (
    <div class="field">
      <ul class="tokens">
        {list.map((each, i) => (
          <li key={String(each)} class="token">
            <span dir="auto">{String(each)}</span>
            <button
              type="button"
              aria-label={text().condition.removeValue(String(each))}
              onClick={() => onChange(list.toSpliced(i, 1))}
            >
              <Icon name="close" size={12} />
            </button>
          </li>
        ))}
      </ul>
      <Typeahead label={label} value={typed} onInput={setTyped} onChoose={add} suggest={suggest} />
      <small class="hint">{text().condition.listHint}</small>
    </div>
  )
}

function ChoiceField({ label, input, value, onChange }: ValueFieldProps) {
  const values = 'values' in input ? input.values : []
  if (input.type === 'choice')
    return (
      <select
        class="select"
        aria-label={label}
        value={typeof value === 'string' ? value : ''}
        onChange={({ currentTarget }) =>
          onChange(currentTarget.value === '' ? undefined : currentTarget.value)
        }
      >
        <option value="">…</option>
        {values.map(each => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    )
  const chosen: readonly unknown[] = Array.isArray(value) ? value : []
  return (
    <fieldset class="tokens">
      <legend class="unseen">{label}</legend>
      {values.map(each => (
        <label key={each} class="menu-choice">
          <input
            type="checkbox"
            checked={chosen.includes(each)}
            onChange={({ currentTarget }) =>
              onChange(values.filter(name => (name === each ? currentTarget.checked : chosen.includes(name))))
            }
          />
          {each}
        </label>
      ))}
    </fieldset>
  )
}

function PathField({ label, value, onChange }: ValueFieldProps) {
  const { condition } = text()
  const first = readPathTest(value)
  const [path, setPath] = useState(first === undefined ? '' : pathText(first.path))
  const [test, setTest] = useState<Omit<PathTest, 'path'>>({
    operator: first?.operator ?? 'eq',
    value: first?.value,
  })
  const change = (path: string, test: Omit<PathTest, 'path'>): void => {
    setPath(path)
    setTest(test)
    const read = parsePath(path)
    onChange(
      read === undefined || test.value === undefined ? undefined : writePathTest({ path: read, ...test }),
    )
  }
  return (
    <div class="field">
      <input
        class="input mono"
        aria-label={`${label}: ${condition.path}`}
        placeholder="user.items[0].id"
        spellcheck={false}
        value={path}
        onInput={({ currentTarget }) => change(currentTarget.value, test)}
      />
      <select
        class="select"
        aria-label={condition.operator}
        value={test.operator}
        onChange={({ currentTarget }) => {
          const operator: PathOperator = pathOperators.find(each => each === currentTarget.value) ?? 'eq'
          change(path, { ...test, operator })
        }}
      >
        {pathOperators.map(each => (
          <option key={each} value={each}>
            {condition.pathOperators[each]}
          </option>
        ))}
      </select>
      <JsonField
        label={condition.value}
        value={test.value}
        input={{ type: 'json' }}
        onChange={value => change(path, { ...test, value })}
      />
    </div>
  )
}

/** Any JSON; numbers keep their digits. */
export function JsonField({ label, value, onChange }: ValueFieldProps) {
  const [source, setSource] = useState(value === undefined ? '' : stringifyJson(value))
  const [isWrong, setWrong] = useState(false)
  return (
    <div class="field">
      <textarea
        class="textarea"
        rows={3}
        aria-label={label}
        aria-invalid={isWrong}
        spellcheck={false}
        value={source}
        onInput={({ currentTarget }) => {
          setSource(currentTarget.value)
          try {
            onChange(parseJson(currentTarget.value))
            setWrong(false)
          } catch {
            onChange(undefined)
            setWrong(currentTarget.value !== '')
          }
        }}
      />
      {isWrong && <small class="hint">{text().condition.noJson}</small>}
    </div>
  )
}
