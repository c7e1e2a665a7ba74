import { type ReadonlySignal, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { ResourceName } from '../../client/client.ts'
import { type LiveState, subscribe } from '../live.ts'
import { splitLimit } from '../model/filter.ts'
import { type RecordRow, withComputed } from '../model/record-row.ts'

/** How often the list takes in what has come: more often nobody can read. */
const flushMs = 250
/** The rate is that of so many milliseconds. */
const rateMs = 5000
/** What is kept while the list is paused; with more, it is read again when it goes on. */
const mostHeld = 5000

export interface Live {
  readonly state: ReadonlySignal<LiveState | undefined>
  readonly isPaused: ReadonlySignal<boolean>
  /** Changes a second. */
  readonly rate: ReadonlySignal<number>
  /** Changes that wait for the list to go on. */
  readonly held: ReadonlySignal<number>
  /** Why it ended. */
  readonly ended: ReadonlySignal<string | undefined>
  readonly setPaused: (isPaused: boolean) => void
}

export interface LiveInput {
  readonly resource: string
  readonly condition: readonly unknown[]
  readonly isOn: boolean
  readonly onRows: (rows: readonly RecordRow[]) => void
  /** Changes were missed: the list has to be read again. */
  readonly onGap: () => void
}

/** Follows the records of a filter: what has changed since the list was read comes by itself. */
export function useLive({ resource, condition, isOn, onRows, onGap }: LiveInput): Live {
  const state = useSignal<LiveState | undefined>(undefined)
  const isPaused = useSignal(false)
  const rate = useSignal(0)
  const held = useSignal(0)
  const ended = useSignal<string | undefined>(undefined)
  const callbacks = useRef({ onRows, onGap })
  callbacks.current = { onRows, onGap }
  const flush = useRef<() => void>(() => undefined)
  const key = JSON.stringify([resource, condition, isOn])
  // The key is the whole of the input.
  useEffect(() => {
    state.value = undefined
    ended.value = undefined
    held.value = 0
    rate.value = 0
    if (!isOn) return
    let waiting: RecordRow[] = []
    let hasMissed = false
    let times: number[] = []
    flush.current = () => {
      if (isPaused.peek()) return
      if (hasMissed) callbacks.current.onGap()
      else if (waiting.length > 0) callbacks.current.onRows(waiting)
      waiting = []
      hasMissed = false
      held.value = 0
    }
    const timer = setInterval(() => {
      flush.current()
      const now = Date.now()
      times = times.filter(time => time > now - rateMs)
      rate.value = (times.length * 1000) / rateMs
    }, flushMs)
    const close = subscribe({
      // The kinds of records are those of the server's document.
      resource: resource as ResourceName,
      condition: splitLimit(condition).filter,
      onRow(row) {
        times.push(Date.now())
        if (waiting.length < mostHeld) waiting.push(withComputed(row))
        else hasMissed = true
        if (isPaused.peek()) held.value++
      },
      onState(next) {
        state.value = next
      },
      onEnd(reason) {
        ended.value = reason
      },
      onGap: () => {
        hasMissed = true
      },
    })
    return () => {
      clearInterval(timer)
      close()
    }
  }, [key])
  const stable = useRef<Live>({
    state,
    isPaused,
    rate,
    held,
    ended,
    setPaused(next) {
      isPaused.value = next
      flush.current()
    },
  })
  return stable.current
}
