import type { ConditionOf, ResourceName } from '../../client/client.ts'
import { meantOrAll, UsageError } from '../terminal/failure.ts'
import type { Zone } from '../terminal/time-text.ts'
import type { KnownConditions, ValueKind } from './catalogue.ts'
import { parseJsonArgument } from './json-argument.ts'
import { parseDuration, parseMoment } from './moment.ts'

export interface ConditionOptions {
  /** The moment that `now` and `-1h` refer to, epoch milliseconds. */
  readonly now: number
  /** The zone of times without an offset. */
  readonly zone: Zone
  readonly known: KnownConditions
}

/**
 * A condition as it is typed: `is_failure`, `js_worker_name=demo_worker`, `run_type_in=call,cron`,
 * `start_time_from=-1h`, or the JSON itself. The server judges what it means.
 * Throws UsageError for invalid JSON, an invalid time, and a word or key that the resource does not have.
 */
export function parseCondition(text: string, options: ConditionOptions): ConditionOf<ResourceName> {
  const element = readElement(text, options)
  if (options.known.size > 0) requireKnown(element, options.known)
  // The server judges conditions; the type knows only those of this version.
  return element as ConditionOf<ResourceName>
}

function readElement(text: string, options: ConditionOptions): unknown {
  if (text.startsWith('{')) return parseJsonArgument(text, text)
  const cut = text.indexOf('=')
  if (cut === -1) return text
  const key = text.slice(0, cut)
  return { [key]: readValue(key, text.slice(cut + 1), options) }
}

function readValue(key: string, text: string, { known, now, zone }: ConditionOptions): unknown {
  const kind = known.get(key)
  const single = (part: string) => (isNumeric(kind) ? readNumber(key, part, { now, zone }) : part)
  switch (kind) {
    case 'number':
      return readNumber(key, text, { now, zone })
    case 'number[]':
    case 'text[]':
      return text === '' ? [] : text.split(',').map(single)
    case 'json':
      return parseJsonArgument(text, key)
    default:
      return text
  }
}

function isNumeric(kind: ValueKind | undefined): boolean {
  return kind === 'number' || kind === 'number[]'
}

function readNumber(
  key: string,
  text: string,
  { now, zone }: Pick<ConditionOptions, 'now' | 'zone'>,
): unknown {
  if (/^duration_(from|to)$/.test(key)) return parseDuration(text, key)
  if (/_(from|to|from_to)$/.test(key)) return parseMoment(text, { now, zone, name: key })
  // Anything but a number is sent as text, so that the server says what it expects.
  return /^-?\d[\d.eE+-]*$/.test(text) ? parseJsonArgument(text, key) : text
}

const nestings = ['or', 'and', 'not']

/**
 * Throws UsageError for a word or key that is not `known`, at any depth, and names the nearest one: that helps more than
 * the server's refusal.
 */
function requireKnown(condition: unknown, known: KnownConditions): void {
  for (const [name, value] of membersOf(condition)) {
    if (nestings.includes(name)) {
      for (const inner of Array.isArray(value) ? value : [value]) requireKnown(inner, known)
    } else if (!known.has(name)) {
      throw new UsageError(`unknown condition "${name}"${meantOrAll(name, [...known.keys()])}`)
    }
  }
}

/** Whether conditions limit the number of records. */
export function hasLimit(conditions: readonly unknown[]): boolean {
  return conditions.some(condition =>
    membersOf(condition).some(([name]) => name === 'last' || name === 'limit'),
  )
}

function membersOf(condition: unknown): readonly (readonly [string, unknown])[] {
  if (typeof condition === 'string') return [[condition, undefined]]
  return typeof condition === 'object' && condition !== null ? Object.entries(condition) : []
}
