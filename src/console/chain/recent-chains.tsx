import { useState } from 'preact/hooks'
import { text } from '../language.ts'
import { hrefOf } from '../model/place.ts'
import { RefreshButton, useRefresh } from '../part/auto-refresh.tsx'
import { Fault } from '../part/fault.tsx'
import { type ListColumn, ListTable } from '../part/list-table.tsx'
import { Moment } from '../part/moment.tsx'
import { StateBadge } from '../part/state-badge.tsx'
import { go } from '../router.ts'
import { useCall } from '../rpc.ts'

interface Root {
  readonly id: number
  readonly full_name: string
  readonly sender: string
  readonly status: string
  readonly request_id: string
  readonly created_time: number
}

const condition = [{ run_type_in: ['send', 'cron', 'replay'] }, { limit: 100 }] as const
const fields = ['id', 'full_name', 'sender', 'status', 'request_id', 'created_time'] as const

/** The newest records with which chains begin, and a way to any by its request id. */
export function RecentChains() {
  const { chain } = text()
  const refresh = useRefresh(5000)
  const [given, setGiven] = useState('')
  const { data, error, reload } = useCall('event-log_page', { query: { condition }, fields }, refresh)
  const page = data.value as { readonly rows: readonly Root[] } | undefined
  const columns: readonly ListColumn<Root>[] = [
    {
      title: chain.requestId,
      isHead: true,
      show: ({ request_id: id }) => <a href={hrefOf({ path: ['chain', id], params: {} })}>{id}</a>,
    },
    { title: chain.handler, show: ({ full_name: name }) => name },
    { title: chain.sender, show: ({ sender }) => sender },
    { title: chain.state, show: ({ status }) => <StateBadge state={status} /> },
    { title: chain.made, show: ({ created_time: ms }) => <Moment ms={ms} /> },
  ]
  return (
    <div class="screen">
      <header class="screen-head">
        <h1>{chain.recent}</h1>
        <form
          class="form-row"
          onSubmit={event => {
            event.preventDefault()
            if (given.trim() !== '') go({ path: ['chain', given.trim()], params: {} })
          }}
        >
          <input
            class="input"
            aria-label={chain.requestId}
            placeholder={chain.requestId}
            spellcheck={false}
            value={given}
            onInput={({ currentTarget }) => setGiven(currentTarget.value)}
          />
          <button type="submit" class="button">
            {chain.show}
          </button>
        </form>
        <RefreshButton {...refresh} />
      </header>
      <Fault error={error.value} onRetry={reload} />
      <ListTable
        label={chain.recent}
        columns={columns}
        rows={page === undefined ? undefined : firstOfEach(page.rows)}
        keyOf={({ request_id: id }) => id}
        none={chain.noneRecent}
      />
    </div>
  )
}

/** Several handlers may have taken one event. */
function firstOfEach(rows: readonly Root[]): readonly Root[] {
  return [...new Map(rows.toReversed().map(row => [row.request_id, row])).values()].reverse()
}
