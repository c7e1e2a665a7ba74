/** A line that a script wrote, of a `robotlog` change event. */
export interface ConsoleLine {
  readonly key: number
  readonly time: number | null
  readonly level: string
  readonly message: string
}

interface ChangeEvent {
  readonly sequence_number: number
  readonly event_type: string
  readonly timestamp: number | null
  readonly body: unknown
}

/**
 * The lines of the run that began at `start`, among the change events of its worker. Runs of one worker may
 * overlap: theirs is told from others' by the key of the job that began then.
 */
export function linesOfRun(events: readonly ChangeEvent[], start: number): readonly ConsoleLine[] {
  const began = new Date(start).toISOString()
  const jobs = new Set(
    events
      .filter(({ event_type: type }) => type.startsWith('job.'))
      .map(({ body }) => memberOf(body, 'Job'))
      .filter(job => memberOf(job, 'StartTime') === began)
      .map(job => memberOf(job, 'Key')),
  )
  return events
    .filter(
      ({ event_type: type, body }) =>
        type === 'robotlog' && jobs.has(memberOf(memberOf(body, 'RobotLog'), 'jobId')),
    )
    .sort((a, b) => a.sequence_number - b.sequence_number)
    .map(({ sequence_number: key, timestamp: time, body }) => ({
      key,
      time,
      level: String(memberOf(body, 'Level')),
      message: String(memberOf(memberOf(body, 'RobotLog'), 'message')),
    }))
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}
