import { type Signal, useSignal } from '@preact/signals'
import { text } from '../language.ts'
import { Icon } from './icon.tsx'

/** How often a list is fetched, for `useCall`; undefined while it is paused. */
export interface Refresh {
  readonly every: number | undefined
  readonly isPaused: Signal<boolean>
}

export function useRefresh(everyMs: number): Refresh {
  const isPaused = useSignal(false)
  return { every: isPaused.value ? undefined : everyMs, isPaused }
}

/** Pauses a list that refreshes itself, so that it stands still while it is read. */
export function RefreshButton({ isPaused }: Refresh) {
  const { refresh } = text()
  return (
    <button
      type="button"
      class="button"
      aria-pressed={isPaused.value}
      onClick={() => {
        isPaused.value = !isPaused.peek()
      }}
    >
      <Icon name={isPaused.value ? 'play' : 'pause'} />
      {isPaused.value ? refresh.paused : refresh.pause}
    </button>
  )
}
