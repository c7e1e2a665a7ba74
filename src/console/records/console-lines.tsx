import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { text } from '../language.ts'
import { type ConsoleLine, linesOfRun } from '../model/console-lines.ts'
import { Fault } from '../part/fault.tsx'
import { Moment } from '../part/moment.tsx'
import { call } from '../rpc.ts'
import type { ConsolePlace } from './special.ts'

/** Lines gather for half a second before they are written, and are numbered after that. */
const lateMs = 10_000

/** What the script of a run wrote to its console. */
export function ConsoleLines({ folder, start, finish }: ConsolePlace) {
  const { records, app } = text()
  const lines = useSignal<readonly ConsoleLine[] | undefined>(undefined)
  const error = useSignal<unknown>(undefined)
  useEffect(() => {
    const leaving = new AbortController()
    lines.value = undefined
    error.value = undefined
    const condition = [
      { full_folder_path: folder },
      { event_type_in: ['job.started', 'job.completed', 'job.faulted', 'job.stopped', 'robotlog'] },
      { enqueued_time_from_to: [start - 1000, (finish ?? Date.now()) + lateMs] },
      { limit: 2000 },
    ]
    const given = { query: { condition } }
    call('change-event_query' as string, given, { signal: leaving.signal }).then(
      found => {
        lines.value = linesOfRun(found as Parameters<typeof linesOfRun>[0], start)
      },
      (fault: unknown) => {
        if (!leaving.signal.aborted) error.value = fault
      },
    )
    return () => leaving.abort()
  }, [folder, start, finish])
  if (error.value !== undefined) return <Fault error={error.value} />
  if (lines.value === undefined) return <p class="muted">{app.loading}</p>
  if (lines.value.length === 0) return <p class="muted">{records.noLines}</p>
  return (
    <ol class="lines">
      {lines.value.map(({ key, time, level, message }) => (
        <li key={key} class={`line line-${level.toLowerCase()}`}>
          <Moment ms={time} /> <span class="line-level">{level}</span>{' '}
          <span class="line-text">{message}</span>
        </li>
      ))}
    </ol>
  )
}
