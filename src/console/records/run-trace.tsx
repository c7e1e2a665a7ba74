import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { formatDuration } from '../format.ts'
import { text } from '../language.ts'
import {
  type Attempt,
  attemptsOf,
  type ConsoleLine,
  itemsQueuedAt,
  jobsBegunAt,
  linesOf,
  type TraceEvent,
} from '../model/run-trace.ts'
import { ConsoleLines } from '../part/console-lines.tsx'
import { Fault } from '../part/fault.tsx'
import { Moment } from '../part/moment.tsx'
import { StateBadge } from '../part/state-badge.tsx'
import { call } from '../rpc.ts'
import type { TracePlace } from './special.ts'

/** Lines gather for half a second before they are written, and are numbered after that. */
const lateMs = 10_000
/** What is looked through: beside a run that wrote much, others may have written. */
const mostEvents = 5000

interface Trace {
  readonly lines: readonly ConsoleLine[]
  readonly attempts: readonly Attempt[]
}

/** What the change events tell of a run: its attempts, and what its script wrote to its console. */
export function RunTrace(place: TracePlace) {
  const { records, app } = text()
  const trace = useSignal<Trace | undefined>(undefined)
  const error = useSignal<unknown>(undefined)
  const key = JSON.stringify(place)
  useEffect(() => {
    const leaving = new AbortController()
    error.value = undefined
    readTrace(place, leaving.signal).then(
      found => {
        trace.value = found
      },
      (fault: unknown) => {
        if (!leaving.signal.aborted) error.value = fault
      },
    )
    return () => leaving.abort()
  }, [key])
  if (error.value !== undefined) return <Fault error={error.value} />
  if (trace.value === undefined) return <p class="muted">{app.loading}</p>
  const { lines, attempts } = trace.value
  return (
    <>
      {attempts.length > 0 && <Attempts attempts={attempts} />}
      {lines.length === 0 ? <p class="muted">{records.noLines}</p> : <ConsoleLines lines={lines} />}
    </>
  )
}

async function readTrace({ of, folder, begun, from, to }: TracePlace, signal: AbortSignal): Promise<Trace> {
  const read = (condition: readonly unknown[]): Promise<readonly TraceEvent[]> => {
    const during = { enqueued_time_from_to: [from - 1000, (to ?? Date.now()) + lateMs] }
    const query = { condition: [...condition, during, { limit: mostEvents }] }
    return call('change-event_query' as string, { query }, { signal }) as Promise<readonly TraceEvent[]>
  }
  const own = await read([{ full_folder_path: folder }])
  if (of === 'job') return { lines: linesOf(own, 'jobId', jobsBegunAt(own, begun)), attempts: [] }
  const items = itemsQueuedAt(own, begun)
  const written = await read([{ event_type: 'robotlog' }, { full_folder_path_like: 'js-worker/*' }])
  return { lines: linesOf(written, 'transactionId', items), attempts: attemptsOf(own, items) }
}

/** How an attempt ended, as records say it. */
const states: Readonly<Record<string, string>> = {
  Successful: 'success',
  Failed: 'failure',
  Retried: 'failure',
  InProgress: 'running',
}

function Attempts({ attempts }: { readonly attempts: readonly Attempt[] }) {
  const { records } = text()
  return (
    <ol class="attempts" aria-label={records.attempts}>
      {attempts.map(({ number, status, start, finish, error }) => (
        <li key={number}>
          <span class="attempt-head">
            <span class="number">{records.attempt(String(number))}</span>
            <StateBadge state={states[status] ?? status} />
            <Moment ms={start} />
            {start !== undefined && finish !== undefined && (
              <span class="muted">{formatDuration(finish - start)}</span>
            )}
          </span>
          {error !== undefined && <pre class="code code-failure">{error}</pre>}
        </li>
      ))}
    </ol>
  )
}
