import type { Resource } from '../../src/resource/resource.ts'
import { conditionClock } from '../condition/random-condition.ts'

export type WireRow = Readonly<Record<string, unknown>>

/** Whether a row fulfils a condition. */
export type Matcher = (row: WireRow) => boolean

/**
 * The condition language once more, over wire rows and without the code under test. Two-valued: what is null
 * matches nothing, and its `not` does.
 */
export function matcherOf(condition: unknown): Matcher {
  const [key, value] = typeof condition === 'string' ? [condition, null] : onlyMember(condition)
  if (key === 'not') {
    const matches = matcherOf(value)
    return row => !matches(row)
  }
  if (key === 'or' || key === 'and') {
    const all = asList(value).map(matcherOf)
    return key === 'or' ? row => all.some(matches => matches(row)) : row => all.every(matches => matches(row))
  }
  if (key.startsWith('is_')) return row => meaningOf(row, key)(row)
  if (key.startsWith('duration')) return row => matchesDuration(row, key, Number(value))
  if (key === 'search') return row => isSearched(row, String(value).toLowerCase())
  return keyMatcher(key, value)
}

export function matches(row: WireRow, condition: unknown): boolean {
  return matcherOf(condition)(row)
}

function onlyMember(condition: unknown): [string, unknown] {
  const [member] = Object.entries(condition as object)
  if (member === undefined) throw new TypeError('an empty condition')
  return member
}

function asList(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError('expected a list')
  return value
}

/** What the words mean, by a member that only the rows of that resource have. */
const words = new Map<string, Readonly<Record<string, Matcher>>>([
  [
    'js_worker_name',
    {
      is_success: row => row.error_message === null && row.result !== null,
      is_failure: row => row.error_message !== null,
      is_running: row => row.error_message === null && row.result === null,
    },
  ],
  [
    'token_key',
    {
      is_success: row => row.outcome === 'success',
      is_failure: row => row.outcome !== 'success',
      is_denied: row => row.outcome === 'denied',
      is_dry_run: row => row.dry_run === true,
    },
  ],
  [
    'full_name',
    {
      is_success: row => row.status === 'success',
      is_failure: row => row.status === 'fail',
      is_running: row => row.status === 'running',
      is_waiting: row => row.status === 'waiting',
    },
  ],
  [
    'service_id',
    {
      is_success: row => row.event_type === 'normal',
      is_failure: row => row.event_type === 'abnormal',
    },
  ],
  [
    'execution_id',
    {
      is_success: row => row.type === 'Normal',
      is_failure: row => row.type === 'Warning',
    },
  ],
  [
    'token_key',
    {
      is_success: row => row.outcome === 'success',
      is_failure: row => row.outcome === 'denied' || row.outcome === 'failed',
      is_denied: row => row.outcome === 'denied',
      is_dry_run: row => row.dry_run !== null && containsJson(row.dry_run, true),
    },
  ],
  [
    'sequence_number',
    {
      is_failure: ({ event_type: type }) => type === 'job.faulted' || type === 'queueItem.transactionFailed',
    },
  ],
])

function meaningOf(row: WireRow, word: string): Matcher {
  for (const [member, meanings] of words) {
    const meaning = member in row ? meanings[word] : undefined
    if (meaning !== undefined) return meaning
  }
  throw new TypeError(`the row has no ${word}`)
}

const texts = new Set(['error_message', 'event_info', 'reason', 'message'])

function matchesDuration(row: WireRow, key: string, bound: number): boolean {
  const { start_time: start, finish_time: finish } = row
  if (typeof start !== 'number' || typeof finish !== 'number') return false
  return key === 'duration_from' ? finish - start >= bound : finish - start <= bound
}

function keyMatcher(key: string, value: unknown): Matcher {
  const [, field = '', operator = ''] =
    /^(.*?)_(in|like|contains|path|from|to|from_to|since)$/.exec(key) ?? []
  const holds =
    operator === 'contains' ? (texts.has(field) ? containsText : containsJson) : operators[operator]
  return row => {
    if (Object.hasOwn(row, key)) return row[key] === value
    if (holds === undefined || !Object.hasOwn(row, field)) throw new TypeError(`the row has no ${key}`)
    const held = row[field]
    if (held === null) return operator === 'path' && Object(value).exists === false
    return holds(held, value)
  }
}

const operators: Record<string, (held: unknown, value: unknown) => boolean> = {
  in: (held, value) => asList(value).includes(held),
  like: (held, value) => isLike(String(held), String(value)),
  from: (held, value) => Number(held) >= Number(value),
  to: (held, value) => Number(held) <= Number(value),
  since: (held, span) => Number(held) >= conditionClock() - millisecondsOf(String(span)),
  path: isAtPath,
  from_to: (held, value) => {
    const [from, to] = asList(value)
    return Number(held) >= Number(from) && Number(held) <= Number(to)
  },
}

function isLike(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}

function containsText(text: unknown, part: unknown): boolean {
  return String(text).toLowerCase().includes(String(part).toLowerCase())
}

/** jsonb containment (PostgreSQL manual, 8.14.3): a list also contains a scalar, but only at the top. */
function containsJson(held: unknown, wanted: unknown): boolean {
  if (Array.isArray(held) && !isContainer(wanted)) return held.includes(wanted)
  return containsValue(held, wanted)
}

function containsValue(held: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(held) && wanted.every(each => held.some(one => containsValue(one, each)))
  }
  if (!isContainer(wanted)) return held === wanted
  if (!isContainer(held) || Array.isArray(held)) return false
  const members = new Map(Object.entries(held))
  return Object.entries(wanted).every(
    ([key, value]) => members.has(key) && containsValue(members.get(key), value),
  )
}

const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
}

function millisecondsOf(span: string): number {
  return Number.parseInt(span, 10) * (units[span.replace(/\d/g, '')] ?? Number.NaN)
}

function isAtPath(held: unknown, test: unknown): boolean {
  const { path, ...rest } = Object(test)
  const [operator = '', wanted] = onlyMember(rest)
  const found = asList(path).reduce<readonly unknown[]>((values, each) => values.flatMap(at(each)), [held])
  if (operator === 'exists') return wanted === found.length > 0
  return found.some(value => pathOperators[operator]?.(value, wanted))
}

/** None, or one. */
function at(segment: unknown): (value: unknown) => readonly unknown[] {
  return value => {
    if (!isContainer(value) || Array.isArray(value) !== (typeof segment === 'number')) return []
    return Object.entries(value).flatMap(([key, member]) => (key === String(segment) ? [member] : []))
  }
}

const pathOperators: Readonly<Record<string, (value: unknown, wanted: unknown) => boolean>> = {
  eq: (value, wanted) => jsonbText(value) === jsonbText(wanted),
  in: (value, wanted) => asList(wanted).some(each => jsonbText(value) === jsonbText(each)),
  contains: containsJson,
  gt: (value, wanted) => typeof value === typeof wanted && Object(value) > Object(wanted),
  gte: (value, wanted) => typeof value === typeof wanted && Object(value) >= Object(wanted),
  lt: (value, wanted) => typeof value === typeof wanted && Object(value) < Object(wanted),
  lte: (value, wanted) => typeof value === typeof wanted && Object(value) <= Object(wanted),
}

/** As the database writes it: the shorter keys first, a space behind each colon and comma, all digits. */
export function jsonbText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonbText).join(', ')}]`
  if (typeof value === 'number')
    return BigInt(Math.trunc(value)) === 0n || value % 1 !== 0 ? String(value) : String(BigInt(value))
  if (!isContainer(value)) return JSON.stringify(value)
  const members = Object.entries(value).toSorted(([a], [b]) => a.length - b.length || (a < b ? -1 : 1))
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}: ${jsonbText(member)}`).join(', ')}}`
}

/** Names, prose and payloads, by a member that only the rows of that resource have. */
const searched = new Map<string, readonly string[]>([
  ['js_worker_name', ['js_worker_name', 'run_type', 'error_message', 'param', 'result']],
  [
    'full_name',
    [
      ...['full_name', 'event_type', 'sender', 'request_id', 'node_id', 'parent_node_id'],
      ...['error_message', 'param', 'result'],
    ],
  ],
  ['service_id', ['project_id', 'service_id', 'service_name', 'event_info']],
  [
    'execution_id',
    ['execution_id', 'name', 'namespace', 'reason', 'message', 'elem_type', 'elem_id', 'action_name'],
  ],
  ['sequence_number', ['diagnostic_id', 'event_type', 'full_folder_path']],
  [
    'token_key',
    [
      ...['token_key', 'token_name', 'address', 'method', 'resource', 'target', 'ids_digest', 'reason'],
      ...['other_keys', 'members', 'condition', 'dry_run', 'ids'],
    ],
  ],
])

const payloads = ['param', 'result', 'other_keys', 'members', 'condition', 'dry_run', 'ids']

function isSearched(row: WireRow, text: string): boolean {
  const [, names = []] = [...searched].find(([member]) => member in row) ?? []
  return names.some(name => {
    const held = row[name]
    if (held === null) return false
    return (payloads.includes(name) ? jsonbText(held) : String(held)).toLowerCase().includes(text)
  })
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** Newest first: time descending, without a time last, then the greater key. */
export function compareNewest({ ordering }: Resource): (a: WireRow, b: WireRow) => number {
  const timeOf = (row: WireRow) => (row[ordering.time] === null ? -Infinity : Number(row[ordering.time]))
  return (a, b) => {
    const [one, other] = [timeOf(a), timeOf(b)]
    if (one !== other) return one < other ? 1 : -1
    return Number(b[ordering.key]) - Number(a[ordering.key])
  }
}

/** What a list asks for beside its filters. `limit` is undefined when none was given. */
export function splitList(list: readonly unknown[]): { filters: unknown[]; limit: number | undefined } {
  const filters: unknown[] = []
  let limit: number | undefined
  let last = false
  for (const condition of list) {
    const [key, value] = typeof condition === 'string' ? [condition, null] : onlyMember(condition)
    if (key === 'limit') limit = Math.min(Number(value), 10_000)
    else if (key === 'last') last = true
    else filters.push(condition)
  }
  return { filters, limit: last ? 1 : limit }
}
