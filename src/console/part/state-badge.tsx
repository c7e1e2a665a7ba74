import { text } from '../language.ts'

const states = ['success', 'failure', 'running', 'waiting'] as const
export type RecordState = (typeof states)[number]

/** The states under which the resources themselves know them. */
const others: Readonly<Record<string, RecordState>> = {
  fail: 'failure',
  normal: 'success',
  Normal: 'success',
  abnormal: 'failure',
  Warning: 'failure',
}

export function stateOf(name: unknown): RecordState | undefined {
  const known = states.find(each => each === name)
  return known ?? (typeof name === 'string' && Object.hasOwn(others, name) ? others[name] : undefined)
}

/** The state of a record, by its mark and its word. */
export function StateBadge({ state }: { readonly state: unknown }) {
  const known = stateOf(state)
  if (known === undefined) return <span class="muted">{state === null ? '–' : String(state)}</span>
  return <span class={`state state-${known}`}>{text().state[known]}</span>
}
