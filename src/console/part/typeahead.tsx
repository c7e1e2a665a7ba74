import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { formatCount } from '../format.ts'
import { text } from '../language.ts'

export interface Suggestion {
  readonly value: string
  readonly count?: number
}

export interface TypeaheadProps {
  readonly label: string
  readonly value: string
  readonly onInput: (value: string) => void
  /** Called with a suggestion that is chosen, and by Enter with what is typed. Absent: choosing fills the input. */
  readonly onChoose?: ((value: string) => void) | undefined
  /** The values that begin like this; absent: there are none to suggest. */
  readonly suggest?: ((prefix: string) => Promise<readonly Suggestion[]>) | undefined
}

const pauseMs = 150

/** An input that suggests values while one types. Arrow keys go through them, Enter takes one, Escape closes them. */
export function Typeahead({ label, value, onInput, onChoose, suggest }: TypeaheadProps) {
  const id = useId()
  const [isOpen, setOpen] = useState(false)
  const [active, setActive] = useState(-1)
  const found = useSuggestions(isOpen ? suggest : undefined, value)
  const isShown = isOpen && found.length > 0

  function choose(chosen: string): void {
    setOpen(false)
    setActive(-1)
    onInput(chosen)
    onChoose?.(chosen)
  }
  function onKeyDown(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    const chosen = isShown ? found[active]?.value : undefined
    if (step !== undefined && suggest !== undefined) {
      setOpen(true)
      setActive(Math.max(-1, Math.min(found.length - 1, active + step)))
    } else if (event.key === 'Enter' && (chosen !== undefined || onChoose !== undefined)) {
      if (chosen !== undefined || value !== '') choose(chosen ?? value)
    } else if (event.key === 'Escape' && isShown) setOpen(false)
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  return (
    <div class="typeahead">
      <input
        class="input"
        role="combobox"
        aria-label={label}
        aria-expanded={isShown}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={isShown && active >= 0 ? `${id}-${active}` : undefined}
        autocomplete="off"
        spellcheck={false}
        value={value}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onInput={({ currentTarget }) => {
          setOpen(true)
          setActive(-1)
          onInput(currentTarget.value)
        }}
        onKeyDown={onKeyDown}
      />
      <div id={`${id}-list`} class="typeahead-list panel" role="listbox" aria-label={label} hidden={!isShown}>
        {isShown &&
          found.map((each, i) => (
            // biome-ignore lint/a11y/useFocusableInteractive: the input has the focus
            // biome-ignore lint/a11y/useKeyWithClickEvents: the input takes the keys
            <div
              key={each.value}
              id={`${id}-${i}`}
              class="typeahead-option"
              role="option"
              aria-selected={i === active}
              // The input would lose the focus, and the list be gone before the click.
              onPointerDown={event => event.preventDefault()}
              onClick={() => choose(each.value)}
            >
              <span class="cut" dir="auto">
                {each.value === '' ? text().condition.emptyText : each.value}
              </span>
              {each.count !== undefined && <span class="muted number">{formatCount(each.count)}</span>}
            </div>
          ))}
      </div>
    </div>
  )
}

/** What is suggested for the prefix; the last ones until there are newer ones. */
function useSuggestions(suggest: TypeaheadProps['suggest'], prefix: string): readonly Suggestion[] {
  const [found, setFound] = useState<readonly Suggestion[]>([])
  const ask = useRef(suggest)
  ask.current = suggest
  const canAsk = suggest !== undefined
  useEffect(() => {
    if (!canAsk) return
    let isOld = false
    const timer = setTimeout(() => {
      ask.current?.(prefix).then(
        next => {
          if (!isOld) setFound(next)
        },
        // Typing works without.
        () => setFound([]),
      )
    }, pauseMs)
    return () => {
      isOld = true
      clearTimeout(timer)
    }
  }, [canAsk, prefix])
  return canAsk ? found : []
}
