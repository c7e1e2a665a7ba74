import { formatCount } from '../format.ts'
import { text } from '../language.ts'
import { Icon } from '../part/icon.tsx'
import type { Live } from './use-live.ts'

export interface LiveBarProps {
  readonly live: Live
  readonly isOn: boolean
  readonly onToggle: () => void
}

/** Follows the list live, holds it, and tells how much comes. */
export function LiveBar({ live, isOn, onToggle }: LiveBarProps) {
  const { records } = text()
  const { state, isPaused, rate, held, ended } = live
  const hasEnded = state.value === 'ended'
  return (
    <div class="live">
      <button type="button" class="button button-small" aria-pressed={isOn} onClick={onToggle}>
        <span class={`live-mark live-${isOn ? (state.value ?? 'connecting') : 'off'}`} /> {records.live}
      </button>
      {isOn && !hasEnded && (
        <>
          <button
            type="button"
            class="button button-small"
            aria-pressed={isPaused.value}
            onClick={() => live.setPaused(!isPaused.peek())}
          >
            <Icon name={isPaused.value ? 'play' : 'pause'} size={14} />
            {isPaused.value ? records.goOn(formatCount(held.value)) : records.pause}
          </button>
          <span class="muted number">{records.rate(rate.value.toFixed(1))}</span>
        </>
      )}
      {isOn && (
        <span class="muted" role="status">
          {hasEnded && ended.value !== undefined ? records.ended(ended.value) : ''}
          {state.value === 'lost' ? records.lost : ''}
        </span>
      )}
    </div>
  )
}
