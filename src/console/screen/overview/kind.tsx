import { useEffect } from 'preact/hooks'
import type { Statistics } from '../../../client/client.ts'
import { formatCount, formatDuration } from '../../format.ts'
import { text } from '../../language.ts'
import { stateNames } from '../../model/histogram.ts'
import { bucketMsOf, failing, type Ranked, type Span, slowest } from '../../model/overview.ts'
import { recordsHref } from '../../model/place.ts'
import type { RecordsShape } from '../../model/records-shape.ts'
import { Fault } from '../../part/fault.tsx'
import { Histogram } from '../../part/histogram.tsx'
import { chartBuckets } from '../../records/api.ts'
import { resourceTitle } from '../../resource-title.ts'
import { go } from '../../router.ts'
import { isAbsence, useCall } from '../../rpc.ts'

export interface KindProps {
  readonly shape: RecordsShape
  /** Whether its records can be told to have failed. */
  readonly canFail: boolean
  readonly span: Span
  readonly every: number | undefined
  /** Told when the user may see none of these records. */
  readonly onAbsent: (resource: string) => void
}

/** How many names are listed. */
const most = 6

/** The records of one kind: how many in which state, over time, which names fail and which are slow. */
export function Kind({ shape, canFail, span, every, onAbsent }: KindProps) {
  const { overview } = text()
  const { resource, newestBy, namedBy, isRun } = shape
  const title = resourceTitle(resource)
  const since = { [`${newestBy}_since`]: span }
  const { data, error, reload } = useCall(
    `${resource}_stats`,
    {
      query: { condition: [since] },
      bucket: chartBuckets(),
      ...(isRun && { group_by: [namedBy], top: 100, percentiles: [0.95] }),
    },
    { every, keepsOld: false },
  )
  const failed = useCall(
    `${resource}_stats`,
    canFail ? { query: { condition: [since, 'is_failure'] }, group_by: [namedBy], top: most } : undefined,
    { every, keepsOld: false },
  )
  const isAbsent = error.value !== undefined && isAbsence(error.value)
  useEffect(() => {
    if (isAbsent) onAbsent(resource)
  }, [isAbsent, onAbsent, resource])
  const statistics = data.value as Statistics | undefined
  const isEmpty = statistics?.total === 0
  const href = (...conditions: unknown[]): string => recordsHref(resource, [...conditions, since])
  return (
    <section class={`panel overview-kind${isEmpty ? ' overview-empty' : ''}`} aria-label={title}>
      <div class="overview-kind-head">
        <h2>
          <a href={href()}>{title}</a>
        </h2>
        <a class="overview-total number" href={href()}>
          {statistics === undefined ? '…' : formatCount(statistics.total)}
        </a>
        {statistics !== undefined && <States {...{ shape, statistics, href }} />}
      </div>
      <Fault error={isAbsent ? undefined : error.value} onRetry={reload} />
      {isEmpty && <p class="absence">{overview.empty}</p>}
      {statistics !== undefined && statistics.total > 0 && (
        <>
          <Histogram
            label={title}
            buckets={statistics.buckets}
            bucketMs={bucketMsOf(statistics.buckets)}
            onZoom={(from, to) => {
              const condition = JSON.stringify([{ [`${newestBy}_from_to`]: [from, to] }])
              go({ path: ['records', resource], params: { condition } })
            }}
          />
          <div class="overview-names">
            {canFail && (
              <Names
                title={overview.failing}
                none={overview.noneFailing}
                names={failing((failed.data.value as Statistics | undefined)?.groups ?? [], namedBy, most)}
                format={formatCount}
                hrefOf={name => href({ [namedBy]: name }, 'is_failure')}
              />
            )}
            {isRun && (
              <Names
                title={overview.slowest}
                none={overview.noneSlow}
                names={slowest(statistics.groups, namedBy, most)}
                format={formatDuration}
                hrefOf={(name, ms) => href({ [namedBy]: name }, { duration_from: ms })}
              />
            )}
          </div>
        </>
      )}
    </section>
  )
}

interface StatesProps {
  readonly statistics: Statistics
  readonly href: (...conditions: unknown[]) => string
}

/** How many records are in each state; those that no record is in say nothing. */
function States({ statistics, href }: StatesProps) {
  const { state } = text()
  const count = (name: (typeof stateNames)[number]): number =>
    statistics.buckets.reduce((sum, bucket) => sum + bucket.by_state[name], 0)
  return (
    <ul class="overview-states">
      {stateNames
        .filter(name => count(name) > 0)
        .map(name => (
          <li key={name}>
            <a class={`state state-${name}`} href={href(`is_${name}`)}>
              {state[name]} <span class="number">{formatCount(count(name))}</span>
            </a>
          </li>
        ))}
    </ul>
  )
}

interface NamesProps {
  readonly title: string
  readonly none: string
  readonly names: readonly Ranked[]
  readonly format: (value: number) => string
  readonly hrefOf: (name: string, value: number) => string
}

/** Names and a number of each, as bars. */
function Names({ title, none, names, format, hrefOf }: NamesProps) {
  const highest = Math.max(...names.map(({ value }) => value))
  return (
    <section class="overview-ranked" aria-label={title}>
      <h3>{title}</h3>
      {names.length === 0 && <p class="muted">{none}</p>}
      <ol>
        {names.map(({ name, value }) => (
          <li key={name}>
            <a href={hrefOf(name, value)} title={name}>
              <span class="overview-bar" style={{ width: `${(100 * value) / highest}%` }} />
              <bdi class="cut">{name}</bdi>
              <span class="number">{format(value)}</span>
            </a>
          </li>
        ))}
      </ol>
    </section>
  )
}
