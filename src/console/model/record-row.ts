/** A record as it is read, or the members of it that were asked for. */
export type RecordRow = Readonly<Record<string, unknown>>

export type RecordState = 'success' | 'failure' | 'running' | 'waiting'

/** What the server computes for a page of a list. A change that is streamed comes without them. */
export const computedFields = ['state', 'duration_ms', 'error_first_line'] as const

const statesOfStatus: Readonly<Record<string, RecordState>> = {
  success: 'success',
  fail: 'failure',
  running: 'running',
  waiting: 'waiting',
}

/** A streamed record with what a page of the list has beside its members. */
export function withComputed(row: RecordRow): RecordRow {
  const { start_time: start, finish_time: finish, error_message: error } = row
  const isTimed = typeof start === 'number' && typeof finish === 'number'
  return {
    ...row,
    state: stateOf(row) ?? null,
    duration_ms: isTimed ? finish - start : null,
    error_first_line: typeof error === 'string' ? firstLineOf(error) : null,
  }
}

/** What has become of a record: as the server says, or else as its members say. Undefined for what has no state. */
export function stateOf(row: RecordRow): RecordState | undefined {
  const { state, status, outcome, result, error_message: error } = row
  if (typeof state === 'string') return statesOfStatus[state === 'failure' ? 'fail' : state]
  if (typeof status === 'string') return statesOfStatus[status]
  if (typeof outcome === 'string') return outcome === 'success' ? 'success' : 'failure'
  if (!('error_message' in row) || !('result' in row)) return undefined
  if (error !== null) return 'failure'
  return result === null ? 'running' : 'success'
}

export function firstLineOf(text: string): string {
  const end = text.search(/[\r\n]/)
  return end < 0 ? text : text.slice(0, end)
}

/** The columns of the list until the user chooses others: what says most in little room, and no payloads. */
export function usualColumns(
  shape: {
    readonly key: string
    readonly newestBy: string
    readonly namedBy: string
    readonly pageFields: readonly string[]
  },
  isPayload: (field: string) => boolean,
): readonly string[] {
  const { key, newestBy, namedBy, pageFields } = shape
  const first = ['state', newestBy, namedBy]
  const last = ['duration_ms', 'error_first_line']
  const isComputed = (field: string): boolean => (computedFields as readonly string[]).includes(field)
  const hasState = pageFields.includes('state')
  const others = pageFields.filter(field => {
    if ([key, ...first, ...last].includes(field) || isComputed(field) || isPayload(field)) return false
    // The state and the first line say it.
    if (hasState && (field === 'status' || field === 'outcome')) return false
    return !/_id$|_key$|_digest$|^offset$|^error_message$|_time$|^timestamp$|version$/.test(field)
  })
  return [...first, ...others.slice(0, 4), ...last, key].filter(field => pageFields.includes(field))
}
