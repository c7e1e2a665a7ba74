import type { ComponentChildren } from 'preact'
import { formatAgo, formatCount } from '../../format.ts'
import { text } from '../../language.ts'
import { hrefOf, recordsHref } from '../../model/place.ts'
import { Fault } from '../../part/fault.tsx'
import { Moment } from '../../part/moment.tsx'
import { type Called, isAbsence, useCall } from '../../rpc.ts'

interface HealthProps {
  readonly every: number | undefined
}

/** What waits, and whether what Daybook itself runs is well. What the user may not see is not there. */
export function Health({ every }: HealthProps) {
  return (
    <div class="overview-health">
      <Waiting every={every} />
      <Monitors every={every} />
      <Sinks every={every} />
      <Machines every={every} />
    </div>
  )
}

interface WaitingPage {
  readonly rows: readonly { readonly full_name: string; readonly created_time: number }[]
  readonly count: number
}

/** The records that were the first to wait, and how many there are. */
function Waiting({ every }: HealthProps) {
  const { overview } = text()
  const called = useCall(
    'event-log_page',
    {
      query: { condition: ['is_waiting', { limit: 1 }] },
      order: 'oldest',
      fields: ['id', 'full_name', 'created_time'],
      count: 'exact',
    },
    { every },
  )
  const page = called.data.value as WaitingPage | undefined
  const [oldest] = page?.rows ?? []
  return (
    <Tile title={overview.waiting} href={recordsHref('event-log', ['is_waiting'])} of={called}>
      <Figure value={formatCount(page?.count ?? 0)} isBad={false} />
      {oldest === undefined ? (
        <p class="muted">{overview.noneWaiting}</p>
      ) : (
        <p>
          {overview.oldest} <Moment ms={oldest.created_time} as="ago" />{' '}
          <bdi class="cut">{oldest.full_name}</bdi>
        </p>
      )}
    </Tile>
  )
}

function Monitors({ every }: HealthProps) {
  const { overview } = text()
  const called = useCall('monitor_status', {}, { every })
  const monitors = called.data.value?.monitors ?? []
  const firing = monitors.filter(({ state }) => state === 'firing')
  return (
    <Tile title={overview.monitors} href={hrefOf({ path: ['monitors'], params: {} })} of={called}>
      <Figure value={overview.firing(firing.length, monitors.length)} isBad={firing.length > 0} />
      <ul>
        {firing.slice(0, few).map(({ name, since }) => (
          <li key={name}>
            <bdi class="cut">{name}</bdi> <Moment ms={since} as="ago" />
          </li>
        ))}
      </ul>
    </Tile>
  )
}

function Sinks({ every }: HealthProps) {
  const { overview } = text()
  const called = useCall('sink_status', {}, { every })
  const sinks = called.data.value?.sinks ?? []
  const behind = [...sinks].sort((a, b) => b.lag - a.lag)
  const failed = sinks.filter(({ state }) => state === 'failed').length
  return (
    <Tile title={overview.sinks} href={hrefOf({ path: ['sinks'], params: {} })} of={called}>
      <Figure value={overview.failedSinks(failed, sinks.length)} isBad={failed > 0} />
      <ul>
        {behind.slice(0, few).map(({ name, lag }) => (
          <li key={name}>
            <bdi class="cut">{name}</bdi> <span class="number">{overview.behind(formatCount(lag))}</span>
          </li>
        ))}
      </ul>
    </Tile>
  )
}

function Machines({ every }: HealthProps) {
  const { overview } = text()
  const called = useCall('machine_list', {}, { every })
  const machines = called.data.value?.machines ?? []
  const there = machines.filter(({ status }) => status === 'Available')
  const silent = there.filter(({ is_unresponsive: isSilent }) => isSilent)
  return (
    <Tile title={overview.machines} href={hrefOf({ path: ['machines'], params: {} })} of={called}>
      <Figure value={overview.alive(there.length - silent.length)} isBad={silent.length > 0} />
      <ul>
        {silent.slice(0, few).map(({ name, reporting_time: time }) => (
          <li key={name}>
            <bdi class="cut">{name}</bdi> {overview.silentSince(formatAgo(time))}
          </li>
        ))}
      </ul>
    </Tile>
  )
}

const few = 4

interface TileProps {
  readonly title: string
  readonly href: string
  readonly of: Pick<Called<unknown>, 'data' | 'error' | 'reload'>
  readonly children: ComponentChildren
}

function Tile({ title, href, of: { data, error, reload }, children }: TileProps) {
  if (error.value !== undefined && isAbsence(error.value)) return null
  return (
    <section class="panel overview-tile" aria-label={title}>
      <h2>
        <a href={href}>{title}</a>
      </h2>
      <Fault error={error.value} onRetry={reload} />
      {data.value !== undefined && children}
    </section>
  )
}

function Figure({ value, isBad }: { readonly value: string; readonly isBad: boolean }) {
  return <p class={isBad ? 'overview-figure overview-bad' : 'overview-figure'}>{value}</p>
}
