import { useSignal } from '@preact/signals'
import { useCallback, useEffect, useMemo } from 'preact/hooks'
import { DaybookError } from '../../client/client.ts'
import { stringifyJson } from '../../json.ts'
import { formatCount } from '../format.ts'
import { text } from '../language.ts'
import type { ConditionFault } from '../model/condition-chip.ts'
import { readFilter, splitLimit, timeConditions, withTimeRange } from '../model/filter.ts'
import { type RecordRow, usualColumns } from '../model/record-row.ts'
import type { RecordAction, RecordsShape } from '../model/records-shape.ts'
import type { Vocabulary } from '../model/vocabulary.ts'
import type { Suggest } from '../part/chip-dialog.tsx'
import type { Column } from '../part/column.ts'
import { ColumnChooser } from '../part/column-chooser.tsx'
import { ConditionBar } from '../part/condition-bar.tsx'
import { Fault } from '../part/fault.tsx'
import { Histogram } from '../part/histogram.tsx'
import { Icon } from '../part/icon.tsx'
import { Menu } from '../part/menu.tsx'
import { type RowKey, VirtualTable } from '../part/virtual-table.tsx'
import { resourceTitle } from '../resource-title.ts'
import { setParams } from '../router.ts'
import { keep, readKept, readKeptJson } from '../storage.ts'
import { describeFault } from '../toast.ts'
import { ActDialog } from './act-dialog.tsx'
import { readFacet } from './api.ts'
import { columnsOf, isPayload } from './columns.tsx'
import { ExportMenu } from './export-menu.tsx'
import { LiveBar } from './live-bar.tsx'
import { RecordDrawer } from './record-drawer.tsx'
import { TimeSelect } from './time-select.tsx'
import { useLive } from './use-live.ts'
import { type Records, useRecords } from './use-records.ts'
import { type Totals, useTotals } from './use-totals.ts'
import { ViewsMenu } from './views-menu.tsx'

export interface RecordsViewProps {
  readonly shape: RecordsShape
  readonly vocabulary: Vocabulary
  readonly params: Readonly<Record<string, string>>
}

const countedEveryMs = 5000

/** The records of one kind: what is filtered, shown and open is all in the address. */
export function RecordsView({ shape, vocabulary, params }: RecordsViewProps) {
  const read = useMemo(() => readFilter(params.condition), [params.condition])
  if (read.list === undefined) return <BadFilter source={params.condition ?? ''} fault={read.fault} />
  return <Listed shape={shape} vocabulary={vocabulary} params={params} condition={read.list} />
}

function Listed({ shape, vocabulary, params, condition }: RecordsViewProps & FilterProps) {
  const version = useSignal(0)
  const openVersion = useSignal(0)
  const acting = useSignal<RecordAction | undefined>(undefined)
  const order = params.order === 'oldest' ? 'oldest' : 'newest'
  const isLive = params.live === '1' && order === 'newest'
  const columns = useColumns(shape, vocabulary, params.columns)
  const records = useRecords({
    ...{ resource: shape.resource, key: shape.key, newestBy: shape.newestBy },
    ...{ condition, order, fields: columns.fields, version: version.value },
  })
  const reload = (): void => {
    version.value++
    openVersion.value++
  }
  const live = useLive({
    resource: shape.resource,
    condition,
    isOn: isLive,
    onRows(rows) {
      records.take(rows)
      if (rows.some(row => String(row[shape.key]) === params.record)) openVersion.value++
    },
    onGap: reload,
  })
  const every = isLive && !live.isPaused.value ? countedEveryMs : undefined
  const isFiltered = condition.length > 0
  useEffect(() => {
    if (every === undefined || !isFiltered) return
    const timer = setInterval(() => !document.hidden && records.refresh(), every)
    return () => clearInterval(timer)
  }, [every, isFiltered, records])
  const totals = useTotals({ shape, condition, version: version.value, every })
  const filter = { shape, vocabulary, condition, fault: conditionFault(records.error.value) }
  return (
    <div class="beside">
      <div class="records">
        <Filter {...filter} />
        <Volume shape={shape} totals={totals} condition={condition} />
        <div class="records-bar">
          <Total totals={totals} condition={condition} />
          {shape.has.live && <LiveBar live={live} isOn={isLive} onToggle={() => toggleLive(isLive)} />}
          <Tools
            {...{ shape, condition, columns, order, reload }}
            onAct={action => {
              acting.value = action
            }}
          />
        </div>
        {filter.fault === undefined && <Fault error={records.error.value} onRetry={records.retry} />}
        <RowTable {...{ shape, columns, records, openKey: params.record, total: totals.total }} />
      </div>
      {params.record !== undefined && (
        <RecordDrawer
          shape={shape}
          vocabulary={vocabulary}
          id={params.record}
          version={openVersion.value}
          onClose={() => setParams({ record: undefined }, { replace: true })}
        />
      )}
      {acting.value !== undefined && (
        <ActDialog
          shape={shape}
          action={acting.value}
          condition={condition}
          onDone={reload}
          onClose={() => {
            acting.value = undefined
          }}
        />
      )}
    </div>
  )
}

interface FilterProps {
  readonly condition: readonly unknown[]
}

function setFilter(condition: readonly unknown[]): void {
  setParams({ condition: condition.length === 0 ? undefined : stringifyJson(condition) })
}

function toggleLive(isLive: boolean): void {
  // What comes live comes at the newest end.
  setParams({ live: isLive ? undefined : '1', order: undefined }, { replace: true })
}

/** The address holds a filter that is no list of conditions: nothing is shown, lest it pass for what was asked. */
function BadFilter({ source, fault }: { readonly source: string; readonly fault: string }) {
  const { records } = text()
  return (
    <div class="records-bad">
      <p class="fault" role="alert">
        <Icon name="warning" /> {records.badFilter} {fault}
      </p>
      <pre class="code">{source}</pre>
      <button type="button" class="button" onClick={() => setFilter([])}>
        {records.clearFilter}
      </button>
    </div>
  )
}

/** What the server says of the conditions themselves. */
function conditionFault(error: unknown): ConditionFault | undefined {
  const isOfCondition = error instanceof DaybookError && error.path?.includes('condition') === true
  return isOfCondition ? { message: describeFault(error), path: error.path } : undefined
}

interface FilterBarProps extends FilterProps {
  readonly shape: RecordsShape
  readonly vocabulary: Vocabulary
  readonly fault: ConditionFault | undefined
}

function Filter({ shape, vocabulary, condition, fault }: FilterBarProps) {
  return (
    <div class="records-filter">
      <ConditionBar
        vocabulary={vocabulary}
        condition={condition}
        onChange={setFilter}
        suggest={shape.has.facet ? suggestOf(shape, condition) : undefined}
        fault={fault}
      />
      <TimeSelect
        field={shape.newestBy}
        condition={condition}
        hasSince={vocabulary.keys.has(`${shape.newestBy}_since`)}
        onChange={setFilter}
      />
    </div>
  )
}

/** Suggests the values that there are, among all records that the user may see within the time that is filtered. */
function suggestOf({ resource, newestBy }: RecordsShape, condition: readonly unknown[]): Suggest {
  const inTime = timeConditions(condition, newestBy)
  return async (field, prefix) => {
    const { values } = await readFacet(resource, { condition: inTime, field, prefix, limit: 50 })
    return values.flatMap(({ value, count }) => (value === null ? [] : [{ value, count }]))
  }
}

interface VolumeProps extends FilterProps {
  readonly shape: RecordsShape
  readonly totals: Totals
}

/** How the records lie in time; a part that is chosen becomes the filter. */
function Volume({ shape, totals: { buckets }, condition }: VolumeProps) {
  const { records } = text()
  const [first, second] = buckets
  if (first === undefined) return null
  return (
    <Histogram
      label={records.volume}
      buckets={buckets}
      bucketMs={second === undefined ? 1000 : second.time - first.time}
      onZoom={(from, to) => setFilter(withTimeRange(condition, shape.newestBy, [from, to]))}
    />
  )
}

function Total({ totals: { total, error }, condition }: { readonly totals: Totals } & FilterProps) {
  const { records } = text()
  const { most } = splitLimit(condition)
  if (error !== undefined) return <span class="records-total muted">{records.unknownTotal}</span>
  if (total === undefined) return <span class="records-total muted">…</span>
  const shown = most === undefined ? total : Math.min(most, total)
  return (
    <span class="records-total" role="status">
      <strong class="number">{formatCount(shown)}</strong> {records.found}
    </span>
  )
}

interface ToolsProps extends FilterProps {
  readonly shape: RecordsShape
  readonly columns: Columns
  readonly order: 'newest' | 'oldest'
  readonly reload: () => void
  readonly onAct: (action: RecordAction) => void
}

function Tools({ shape, condition, columns, order, reload, onAct }: ToolsProps) {
  const { records, app } = text()
  const { resource, actions } = shape
  const other = order === 'newest' ? 'oldest' : 'newest'
  return (
    <div class="records-tools">
      <button
        type="button"
        class="button-icon"
        title={records.order[other]}
        aria-label={records.order[other]}
        onClick={() => setParams({ order: other === 'oldest' ? other : undefined, live: undefined })}
      >
        <Icon name={order === 'newest' ? 'down' : 'up'} />
      </button>
      <button type="button" class="button-icon" title={app.reload} aria-label={app.reload} onClick={reload}>
        <Icon name="reload" />
      </button>
      <ViewsMenu
        resource={resource}
        condition={condition}
        columns={columns.chosen}
        onOpen={(next, chosen) =>
          setParams({
            condition: next.length === 0 ? undefined : stringifyJson(next),
            ...(chosen !== undefined && { columns: chosen.join(',') }),
          })
        }
      />
      <ColumnChooser columns={columns.all} chosen={columns.chosen} onChange={columns.choose} />
      <ExportMenu resource={resource} condition={condition} />
      {actions.length > 0 && (
        <Menu label={records.actions} icon="more">
          {close =>
            actions.map(action => (
              <button
                key={action}
                type="button"
                class="menu-item"
                onClick={() => {
                  close()
                  onAct(action)
                }}
              >
                {records.act[action].menu}
              </button>
            ))
          }
        </Menu>
      )}
    </div>
  )
}

interface Columns {
  readonly all: readonly Column<RecordRow>[]
  readonly shown: readonly Column<RecordRow>[]
  readonly chosen: readonly string[]
  /** What is asked for of each record. */
  readonly fields: readonly string[]
  readonly choose: (chosen: readonly string[]) => void
}

/** The columns of the address, or those that were chosen last, or the usual ones. */
function useColumns(shape: RecordsShape, vocabulary: Vocabulary, given: string | undefined): Columns {
  const place = `columns.${shape.resource}`
  // Their titles are in the language of the user.
  const language = text()
  return useMemo(() => {
    const all = columnsOf(shape, vocabulary)
    const named = (list: string | undefined): readonly string[] =>
      (list ?? '').split(',').filter(name => all.some(each => each.name === name))
    const usual = usualColumns(shape, isPayload(vocabulary))
    const chosen =
      [named(given), named(readKept('local', place)), usual].find(list => list.length > 0) ?? usual
    const needed = [shape.key, shape.newestBy, 'state', ...chosen]
    return {
      all,
      shown: chosen.flatMap(name => all.filter(each => each.name === name)),
      chosen,
      fields: [...new Set(needed)].filter(name => shape.pageFields.includes(name)),
      choose(next) {
        // Those that stay keep their order.
        const kept = chosen.filter(name => next.includes(name))
        const list = [...kept, ...next.filter(name => !kept.includes(name))].join(',')
        keep('local', place, list)
        setParams({ columns: list }, { replace: true })
      },
    }
  }, [shape, vocabulary, given, place, language])
}

interface RowTableProps {
  readonly shape: RecordsShape
  readonly columns: Columns
  readonly records: Records
  readonly openKey: string | undefined
  readonly total: number | undefined
}

function RowTable({ shape, columns, records, openKey, total }: RowTableProps) {
  const { records: texts } = text()
  const place = `widths.${shape.resource}`
  const widths = useSignal(readKeptJson('local', place, isWidths) ?? {})
  const rowKey = useCallback((row: RecordRow): RowKey => Number(row[shape.key]), [shape])
  const isAtEnd = records.isWhole.value
  return (
    <div class="records-table">
      <VirtualTable
        label={resourceTitle(shape.resource)}
        columns={columns.shown}
        widths={widths.value}
        onResize={(column, width) => {
          widths.value = { ...widths.peek(), [column]: width }
          keep('local', place, JSON.stringify(widths.peek()))
        }}
        rows={records.rows.value}
        rowKey={rowKey}
        total={isAtEnd ? records.rows.value.length : total}
        openKey={openKey === undefined ? undefined : Number(openKey)}
        onOpen={row => setParams({ record: String(row[shape.key]) }, { replace: openKey !== undefined })}
        onNearEnd={records.readMore}
        isLoading={records.isLoading.value}
        empty={records.error.value === undefined && texts.empty}
      />
    </div>
  )
}

function isWidths(value: unknown): value is Readonly<Record<string, number>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every(each => typeof each === 'number')
  )
}
