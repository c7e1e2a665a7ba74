import { useState } from 'preact/hooks'
import { useDayStats } from '../day-stats.ts'
import { text } from '../language.ts'
import { hrefOf } from '../model/place.ts'
import { RefreshButton, useRefresh } from '../part/auto-refresh.tsx'
import { Confirm } from '../part/confirm.tsx'
import { dayColumns } from '../part/day-cells.tsx'
import { Fault } from '../part/fault.tsx'
import { Icon } from '../part/icon.tsx'
import { type ListColumn, ListTable } from '../part/list-table.tsx'
import { Moment } from '../part/moment.tsx'
import { Schedule } from '../part/schedule.tsx'
import { call, useCall } from '../rpc.ts'
import { NewScript, ScriptPage } from '../scripts/script-page.tsx'
import type { ScreenProps } from './screen.ts'

/** The scripts that the server keeps: `#/scripts`, and one of them at `#/scripts/NAME`. */
export function ScriptsScreen({ rest }: ScreenProps) {
  const [name] = rest
  return name === undefined ? <ScriptList /> : <ScriptPage key={name} name={name} />
}

interface Script {
  readonly name: string
  readonly description: string | null
  readonly route_name: string | null
  readonly schedule: { readonly cron: string; readonly tz: string } | null
  readonly next_fire_time: number | null
  readonly update_at: number
}

const source = { resource: 'js-result', name: 'js_worker_name', time: 'start_time' } as const

function ScriptList() {
  const { scripts } = text()
  const refresh = useRefresh(5000)
  const { data, error, reload } = useCall('js-worker_list', {}, { every: refresh.every })
  const stats = useDayStats(source, refresh.every)
  const [isNew, setNew] = useState(false)
  const [deleted, setDeleted] = useState<string | undefined>(undefined)
  const found = data.value as { readonly workers: readonly Script[] } | undefined
  const columns: readonly ListColumn<Script>[] = [
    { title: scripts.name, isHead: true, show: script => <Name script={script} /> },
    { title: scripts.route, show: ({ route_name: route }) => (route === null ? '–' : <code>{route}</code>) },
    { title: scripts.schedule, show: script => <Schedule of={script} /> },
    ...dayColumns({ ...source, stats, nameOf: ({ name }: Script) => name }),
    { title: scripts.updated, show: ({ update_at: ms }) => <Moment ms={ms} as="ago" /> },
    {
      title: scripts.actions,
      show: ({ name }) => (
        <div class="row-actions">
          <button
            type="button"
            class="button-icon"
            aria-label={`${scripts.delete}: ${name}`}
            title={scripts.delete}
            onClick={() => setDeleted(name)}
          >
            <Icon name="trash" />
          </button>
        </div>
      ),
    },
  ]
  return (
    <div class="screen">
      <header class="screen-head">
        <h1>{scripts.title}</h1>
        <RefreshButton {...refresh} />
        <button type="button" class="button button-primary" onClick={() => setNew(true)}>
          <Icon name="plus" /> {scripts.create}
        </button>
      </header>
      <Fault error={error.value} onRetry={reload} />
      <ListTable
        label={scripts.title}
        columns={columns}
        rows={found?.workers}
        keyOf={({ name }) => name}
        none={scripts.none}
      />
      {isNew && <NewScript onClose={() => setNew(false)} />}
      {deleted !== undefined && (
        <Confirm
          title={scripts.deleteTitle(deleted)}
          action={scripts.delete}
          typed={deleted}
          onConfirm={async () => {
            await call('js-worker_delete', { name: deleted })
            reload()
          }}
          onClose={() => setDeleted(undefined)}
        >
          <p>{scripts.deleteText}</p>
        </Confirm>
      )}
    </div>
  )
}

function Name({ script: { name, description } }: { readonly script: Script }) {
  return (
    <>
      <a href={hrefOf({ path: ['scripts', name], params: {} })}>{name}</a>
      {description !== null && <span class="cell-note">{description.split('\n')[0]}</span>}
    </>
  )
}
