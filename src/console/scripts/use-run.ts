import { useEffect, useRef, useState } from 'preact/hooks'
import { subscribe } from '../live.ts'
import { type ConsoleLine, jobsBegunAt, linesOf, type TraceEvent } from '../model/run-trace.ts'
import { call } from '../rpc.ts'

/** A run of a script as its record tells it. */
export interface RunRow {
  readonly id: number
  readonly start_time: number | null
  readonly finish_time: number | null
  readonly result: unknown
  readonly error_message: string | null
}

export interface Run {
  readonly id: number
  /** Undefined until it is read. */
  readonly row: RunRow | undefined
}

export interface StartOptions {
  readonly runType: string
  /** Undefined: none. */
  readonly params: unknown
}

export interface Running {
  readonly run: Run | undefined
  readonly lines: readonly ConsoleLine[]
  /** Why the lines cannot be seen. */
  readonly refused: string | undefined
  /** Throws what the server says. */
  start(options: StartOptions): Promise<void>
}

/** The most that is kept of what a script writes. */
const mostEvents = 5000

/** Runs a script, and follows what it writes and how it ends. */
export function useRun(name: string): Running {
  const [run, setRun] = useState<Run | undefined>(undefined)
  const [events, setEvents] = useState<readonly TraceEvent[]>([])
  const [refused, setRefused] = useState<string | undefined>(undefined)
  const id = run?.id

  // It listens before the first run: what a script writes at once would be missed otherwise.
  useEffect(
    () =>
      subscribe({
        resource: 'change-event',
        condition: [
          { full_folder_path: `js-worker/${name}` },
          { event_type_in: ['job.started', 'job.completed', 'job.faulted', 'job.stopped', 'robotlog'] },
        ],
        onRow: row => setEvents(before => [...before, row as unknown as TraceEvent].slice(-mostEvents)),
        onEnd: setRefused,
      }),
    [name],
  )

  useFollowed(id, row => setRun(before => (before?.id === row.id ? { ...before, row } : before)))

  async function start({ runType, params }: StartOptions): Promise<void> {
    const given = { js_script_name: name, run_type: runType, ...(params !== undefined && { params }) }
    const answer = (await call('js-worker_run' as string, given)) as { readonly id: number }
    setEvents([])
    setRun({ id: answer.id, row: undefined })
  }

  const begun = run?.row?.start_time
  const lines = typeof begun === 'number' ? linesOf(events, 'jobId', jobsBegunAt(events, begun)) : []
  return { run, lines, refused, start }
}

/** Reads the record of a run, and again when it changes. */
function useFollowed(id: number | undefined, onRow: (row: RunRow) => void): void {
  const tell = useRef(onRow)
  tell.current = onRow
  useEffect(() => {
    if (id === undefined) return
    let isOld = false
    const read = (): void => {
      call('js-result_get' as string, { id }).then(
        row => {
          if (!isOld) tell.current(row as RunRow)
        },
        // Who may run a script need not be allowed to read of it.
        () => undefined,
      )
    }
    read()
    const leave = subscribe({
      resource: 'js-result',
      condition: [{ id }],
      onRow: row => tell.current(row as unknown as RunRow),
      // It may have ended before the stream began.
      onState: state => {
        if (state === 'live') read()
      },
    })
    return () => {
      isOld = true
      leave()
    }
  }, [id])
}
