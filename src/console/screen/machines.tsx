import { formatAgo, formatTime } from '../format.ts'
import { text } from '../language.ts'
import { RefreshButton, useRefresh } from '../part/auto-refresh.tsx'
import { Fault } from '../part/fault.tsx'
import { type ListColumn, ListTable } from '../part/list-table.tsx'
import { useCall } from '../rpc.ts'

/** As `machine_list` answers. */
interface Machine {
  readonly name: string
  readonly kind: 'server' | 'remote'
  readonly host_name: string
  readonly status: 'Available' | 'Disconnected'
  readonly is_unresponsive: boolean
  readonly reporting_time: number
  readonly created_time: number
}

/** Which servers and remote workers are alive. */
export function MachinesScreen() {
  const { machines } = text()
  const refresh = useRefresh(5000)
  const { data, error, reload } = useCall('machine_list', {}, { every: refresh.every })
  const columns: readonly ListColumn<Machine>[] = [
    { title: machines.name, isHead: true, show: ({ name }) => name },
    { title: machines.state, show: machine => <State machine={machine} /> },
    { title: machines.kind, show: ({ kind }) => machines.kinds[kind] },
    { title: machines.host, show: ({ host_name: host }) => <span class="mono">{host}</span> },
    { title: machines.reported, show: ({ reporting_time: time }) => <Time ms={time} /> },
    { title: machines.first, show: ({ created_time: time }) => <Time ms={time} /> },
  ]
  const rows = (data.value as { readonly machines: readonly Machine[] } | undefined)?.machines
  return (
    <div class="screen">
      <header class="screen-head">
        <h1>{machines.title}</h1>
        <RefreshButton {...refresh} />
      </header>
      <Fault error={error.value} onRetry={reload} />
      <ListTable
        label={machines.title}
        columns={columns}
        rows={rows}
        keyOf={({ name }) => name}
        none={machines.none}
      />
    </div>
  )
}

function State({ machine }: { readonly machine: Machine }) {
  const { machines } = text()
  if (machine.status === 'Disconnected') return <span class="state">{machines.disconnected}</span>
  if (machine.is_unresponsive) return <span class="state state-waiting">{machines.unresponsive}</span>
  return <span class="state state-success">{machines.available}</span>
}

function Time({ ms }: { readonly ms: number }) {
  return (
    <time dateTime={new Date(ms).toISOString()} title={formatTime(ms)}>
      {formatAgo(ms)}
    </time>
  )
}
