/** A change event, as far as it tells of runs. */
export interface TraceEvent {
  readonly sequence_number: number
  readonly event_type: string
  readonly timestamp: number | null
  readonly body: unknown
}

/** A line that a script wrote. */
export interface ConsoleLine {
  readonly key: number
  readonly time: number | null
  readonly level: string
  readonly message: string
}

/** One try to handle an event. */
export interface Attempt {
  /** From 1. */
  readonly number: number
  /** As the change event says it: `InProgress`, `Retried`, `Failed`, `Successful`, … */
  readonly status: string
  readonly start: number | undefined
  readonly finish: number | undefined
  readonly error: string | undefined
}

/** The keys of the jobs that began at `start` (epoch milliseconds), among the change events of their worker. */
export function jobsBegunAt(events: readonly TraceEvent[], start: number): ReadonlySet<unknown> {
  const jobs = events
    .filter(({ event_type: type }) => type.startsWith('job.'))
    .map(({ body }) => memberOf(body, 'Job'))
  return new Set(jobs.filter(job => timeOf(job, 'StartTime') === start).map(job => memberOf(job, 'Key')))
}

/** The keys of the items that were queued at `created`, among the change events of their handler. */
export function itemsQueuedAt(events: readonly TraceEvent[], created: number): ReadonlySet<unknown> {
  const items = events.map(({ body }) => memberOf(body, 'QueueItem'))
  return new Set(
    items.filter(item => timeOf(item, 'CreationTime') === created).map(item => memberOf(item, 'Key')),
  )
}

/** What scripts wrote, oldest first: of these jobs, or while they handled these items. */
export function linesOf(
  events: readonly TraceEvent[],
  member: 'jobId' | 'transactionId',
  keys: ReadonlySet<unknown>,
): readonly ConsoleLine[] {
  return events
    .filter(({ event_type: type }) => type === 'robotlog')
    .filter(({ body }) => keys.has(memberOf(memberOf(body, 'RobotLog'), member)))
    .toSorted((a, b) => a.sequence_number - b.sequence_number)
    .map(({ sequence_number: key, timestamp: time, body }) => ({
      key,
      time,
      level: String(memberOf(body, 'Level')),
      message: String(memberOf(memberOf(body, 'RobotLog'), 'message')),
    }))
}

/** The attempts at these items, each as it was told of last. */
export function attemptsOf(events: readonly TraceEvent[], keys: ReadonlySet<unknown>): readonly Attempt[] {
  const attempts = new Map<number, Attempt>()
  for (const { body } of events.toSorted((a, b) => a.sequence_number - b.sequence_number)) {
    const item = memberOf(body, 'QueueItem')
    const start = timeOf(item, 'StartProcessing')
    if (!keys.has(memberOf(item, 'Key')) || start === undefined) continue
    const error = memberOf(item, 'ProcessExceptionDetails')
    const number = Number(memberOf(item, 'RetryNumber'))
    attempts.set(number, {
      number,
      status: String(memberOf(item, 'Status')),
      start,
      finish: timeOf(item, 'EndProcessing'),
      error: typeof error === 'string' ? error : undefined,
    })
  }
  return [...attempts.values()].sort((a, b) => a.number - b.number)
}

function timeOf(value: unknown, name: string): number | undefined {
  const text = memberOf(value, name)
  const time = typeof text === 'string' ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined
}
