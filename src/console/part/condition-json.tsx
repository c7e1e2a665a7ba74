import { useEffect, useRef, useState } from 'preact/hooks'
import { parseJson, stringifyJson } from '../../json.ts'
import { text } from '../language.ts'
import type { ConditionFault } from '../model/condition-chip.ts'
import { lineAndColumn, placeOfPath } from '../model/json-place.ts'
import { Icon } from './icon.tsx'

export interface ConditionJsonProps {
  readonly condition: readonly unknown[]
  readonly onChange: (condition: readonly unknown[]) => void
  readonly fault: ConditionFault | undefined
}

/** A condition list as JSON, a condition a line. The server's fault is shown where it is. */
export function ConditionJson({ condition, onChange, fault }: ConditionJsonProps) {
  const texts = text().condition
  const area = useRef<HTMLTextAreaElement>(null)
  const written = listText(condition)
  const [source, setSource] = useState(written)
  const [unread, setUnread] = useState<string | undefined>(undefined)
  // What changes elsewhere (the history, a view) is shown.
  useEffect(() => setSource(written), [written])
  const place = source === written ? placeOfFault(written, fault) : undefined

  function apply(): void {
    try {
      const list = parseJson(source)
      if (!Array.isArray(list)) throw new SyntaxError(texts.noList)
      setUnread(undefined)
      onChange(list)
    } catch (error) {
      setUnread(error instanceof Error ? error.message : texts.noJson)
    }
  }

  return (
    <form
      class="field"
      onSubmit={event => {
        event.preventDefault()
        apply()
      }}
    >
      <textarea
        class="textarea"
        ref={area}
        rows={Math.min(16, source.split('\n').length + 1)}
        aria-label={texts.title}
        aria-invalid={unread !== undefined || place !== undefined}
        spellcheck={false}
        value={source}
        onInput={({ currentTarget }) => setSource(currentTarget.value)}
        onKeyDown={event => {
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
          event.preventDefault()
          apply()
        }}
      />
      {unread !== undefined && (
        <p class="fault" role="alert">
          <Icon name="warning" /> {unread}
        </p>
      )}
      {unread === undefined && fault !== undefined && (
        <p class="fault" role="alert">
          <Icon name="warning" />
          <span>{fault.message}</span>
          {place !== undefined && (
            <button
              type="button"
              class="button button-small"
              onClick={() => {
                area.current?.focus()
                area.current?.setSelectionRange(place.begin, place.end)
              }}
            >
              {texts.line(lineAndColumn(written, place.begin).line)}
            </button>
          )}
        </p>
      )}
      <div class="form-row">
        <button type="submit" class="button button-primary button-small">
          {texts.apply}
        </button>
        <small class="hint">{texts.applyHint}</small>
      </div>
    </form>
  )
}

function listText(condition: readonly unknown[]): string {
  if (condition.length === 0) return '[]'
  return `[\n${condition.map(each => `  ${stringifyJson(each)}`).join(',\n')}\n]`
}

/** The path of a fault leads through the parameters to the list first. */
function placeOfFault(written: string, fault: ConditionFault | undefined) {
  const inner = /condition((?:\[|\.).*)?$/.exec(fault?.path ?? '')
  return inner === null ? undefined : placeOfPath(written, inner[1] ?? '')
}
