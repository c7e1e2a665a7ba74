import { formatCount } from '../format.ts'
import { text } from '../language.ts'
import type { MonitorStanding, MonitorState } from '../model/monitor.ts'
import { ListTable } from './list-table.tsx'
import { Moment } from './moment.tsx'

const classes = { ok: 'success', pending: 'waiting', firing: 'failure', unknown: 'unknown' } as const

/** The state of a monitor, by its mark and its word. */
export function MonitorBadge({ state }: { readonly state: MonitorState }) {
  return <span class={`state state-${classes[state]}`}>{text().monitors.states[state]}</span>
}

/** When a monitor went from one state to another, the newest first. */
export function MonitorHistory({ transitions }: Pick<MonitorStanding, 'transitions'>) {
  const { monitors } = text()
  return (
    <ListTable
      label={monitors.history}
      columns={[
        { title: monitors.at, isHead: true, show: ({ time }) => <Moment ms={time} as="full" /> },
        { title: monitors.state, show: ({ state }) => <MonitorBadge state={state} /> },
        {
          title: monitors.count,
          isNumber: true,
          show: ({ count }) => (count === null ? '–' : formatCount(count)),
        },
      ]}
      rows={transitions}
      keyOf={({ time, state }) => `${time} ${state}`}
      none={monitors.noHistory}
    />
  )
}
