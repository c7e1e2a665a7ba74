import { type Signal, useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { stringifyJson } from '../../json.ts'
import { formatDuration } from '../format.ts'
import { text } from '../language.ts'
import { clientText, cliText, curlText } from '../model/call-text.ts'
import { recordsHref } from '../model/place.ts'
import { computedFields, type RecordRow, withComputed } from '../model/record-row.ts'
import type { RecordsShape } from '../model/records-shape.ts'
import type { Vocabulary } from '../model/vocabulary.ts'
import { CopyButton } from '../part/copy-button.tsx'
import { Drawer } from '../part/drawer.tsx'
import { Fault } from '../part/fault.tsx'
import { Icon } from '../part/icon.tsx'
import { JsonTree } from '../part/json-tree.tsx'
import { Menu } from '../part/menu.tsx'
import { Moment } from '../part/moment.tsx'
import { StateBadge } from '../part/state-badge.tsx'
import { resourceTitle } from '../resource-title.ts'
import { serverUrl } from '../session.ts'
import { readPage } from './api.ts'
import { isPayload } from './columns.tsx'
import { RunAgain } from './run-again.tsx'
import { RunTrace } from './run-trace.tsx'
import { chainHref, specialOf } from './special.ts'

export interface RecordDrawerProps {
  readonly shape: RecordsShape
  readonly vocabulary: Vocabulary
  /** The record's key, as it is in the address. */
  readonly id: string
  /** Changes when the record may have changed. */
  readonly version: number
  readonly onClose: () => void
}

/** One record beside the list that it is of. Its payloads are read when they are asked for. */
export function RecordDrawer({ shape, vocabulary, id, version, onClose }: RecordDrawerProps) {
  const { records, app } = text()
  const payload = isPayload(vocabulary)
  const members = vocabulary.fields.map(({ name }) => name).filter(name => !payload(name))
  const fields = [...members, ...computedFields.filter(name => shape.pageFields.includes(name))]
  // A number that a double cannot hold is no id of the server's.
  const condition = [{ [shape.key]: Number(id) }]
  const { row, error, isGone } = useRecord(shape, condition, fields, version)
  return (
    <Drawer
      title={
        <>
          {resourceTitle(shape.resource)} <span class="number">#{id}</span>
        </>
      }
      tools={<CopyAs shape={shape} condition={condition} />}
      onClose={onClose}
    >
      {error.value !== undefined && <Fault error={error.value} />}
      {isGone.value && <p class="absence">{records.gone}</p>}
      {row.value === undefined && error.value === undefined && !isGone.value && (
        <p class="muted">{app.loading}</p>
      )}
      {row.value !== undefined && (
        <>
          <Facts row={row.value} shape={shape} vocabulary={vocabulary} />
          <ErrorText row={row.value} />
          {vocabulary.fields
            .filter(({ name }) => payload(name))
            .map(({ name, summary }) => (
              <Payload key={`${id} ${name}`} {...{ name, summary, shape, condition, version }} />
            ))}
          <Trace row={row.value} resource={shape.resource} />
        </>
      )}
    </Drawer>
  )
}

const lookEveryMs = 2000

function useRecord(
  { resource }: RecordsShape,
  condition: readonly unknown[],
  fields: readonly string[],
  version: number,
) {
  const row = useSignal<RecordRow | undefined>(undefined)
  const error = useSignal<unknown>(undefined)
  const isGone = useSignal(false)
  const key = JSON.stringify([resource, condition])
  // A record that has not ended is looked at again until it has.
  const looked = useSignal(0)
  const isOpen = row.value?.state === 'running' || row.value?.state === 'waiting'
  useEffect(() => {
    row.value = undefined
    isGone.value = false
  }, [key])
  useEffect(() => {
    if (!isOpen) return
    const timer = setInterval(() => !document.hidden && looked.value++, lookEveryMs)
    return () => clearInterval(timer)
  }, [isOpen])
  useEffect(() => {
    const leaving = new AbortController()
    error.value = undefined
    readPage(resource, { condition, fields }, leaving.signal).then(
      ({ rows: [found] }) => {
        row.value = found
        isGone.value = found === undefined
      },
      (fault: unknown) => {
        if (!leaving.signal.aborted) error.value = fault
      },
    )
    return () => leaving.abort()
  }, [key, version, looked.value])
  return { row, error, isGone }
}

interface FactsProps {
  readonly row: RecordRow
  readonly shape: RecordsShape
  readonly vocabulary: Vocabulary
}

/** The members without the payloads; what others may share leads to those who do. */
function Facts({ row, shape, vocabulary }: FactsProps) {
  const { records } = text()
  const { state } = row
  const duration = withComputed(row).duration_ms
  const chain = chainHref(shape.resource, row)
  return (
    <>
      <div class="record-head">
        {typeof state === 'string' && <StateBadge state={state} />}
        {typeof duration === 'number' && <span class="muted">{formatDuration(duration)}</span>}
        {specialOf(shape.resource).runAgain !== undefined && <RunAgain row={row} shape={shape} />}
        {chain !== undefined && (
          <a class="button button-small" href={chain}>
            <Icon name="chain" size={14} /> {records.chain}
          </a>
        )}
      </div>
      <dl class="facts">
        {vocabulary.fields
          .filter(({ name }) => name in row && name !== 'error_message')
          .map(({ name, kind, summary }) => (
            <Fact
              key={name}
              {...{ name, kind, summary, value: row[name], resource: shape.resource, vocabulary }}
            />
          ))}
      </dl>
    </>
  )
}

interface FactProps {
  readonly name: string
  readonly kind: Vocabulary['fields'][number]['kind']
  readonly summary: string
  readonly value: unknown
  readonly resource: string
  readonly vocabulary: Vocabulary
}

function Fact({ name, kind, summary, value, resource, vocabulary }: FactProps) {
  const { records } = text()
  return (
    <>
      <dt title={summary}>{name}</dt>
      <dd>
        {value === null ? (
          <span class="muted">–</span>
        ) : kind === 'time' && typeof value === 'number' ? (
          <Moment ms={value} as="full" />
        ) : (kind === 'name' || kind === 'choice') && vocabulary.keys.has(name) ? (
          <a href={recordsHref(resource, [{ [name]: value }])} title={records.sameOf(name)}>
            <bdi>{String(value)}</bdi>
          </a>
        ) : (
          <bdi>{typeof value === 'object' ? stringifyJson(value) : String(value)}</bdi>
        )}
      </dd>
    </>
  )
}

function ErrorText({ row: { error_message: error } }: { readonly row: RecordRow }) {
  if (typeof error !== 'string') return null
  return (
    <section class="section" aria-label="error_message">
      <h3>
        error_message <CopyButton read={() => error} isSmall />
      </h3>
      <pre class="code code-failure">{error}</pre>
    </section>
  )
}

/** Payloads that the user opened stay open with the next record. */
const opened = new Map<string, Signal<boolean>>()

interface PayloadProps {
  readonly name: string
  readonly summary: string
  readonly shape: RecordsShape
  readonly condition: readonly unknown[]
  readonly version: number
}

function Payload({ name, summary, shape, condition, version }: PayloadProps) {
  const { app } = text()
  const place = `${shape.resource} ${name}`
  const own = useSignal(opened.get(place)?.peek() ?? false)
  const source = useSignal<string | undefined>(undefined)
  const error = useSignal<unknown>(undefined)
  const key = JSON.stringify(condition)
  useEffect(() => {
    opened.set(place, own)
    if (!own.value) return
    const leaving = new AbortController()
    error.value = undefined
    readPage(shape.resource, { condition, fields: [name] }, leaving.signal).then(
      ({ rows: [found] }) => {
        source.value = stringifyJson(found?.[name] ?? null)
      },
      (fault: unknown) => {
        if (!leaving.signal.aborted) error.value = fault
      },
    )
    return () => leaving.abort()
  }, [place, key, version, own.value])
  return (
    <section class="section">
      <Disclosure isOpen={own} title={summary}>
        {name}
      </Disclosure>
      {own.value && error.value !== undefined && <Fault error={error.value} />}
      {own.value && source.value === undefined && error.value === undefined && (
        <p class="muted">{app.loading}</p>
      )}
      {own.value && source.value !== undefined && <JsonTree label={name} source={source.value} isOpen />}
    </section>
  )
}

function Trace({ row, resource }: { readonly row: RecordRow; readonly resource: string }) {
  const { records } = text()
  const isOpen = useSignal(false)
  const place = specialOf(resource).traceOf?.(row)
  if (place === undefined) return null
  return (
    <section class="section">
      <Disclosure isOpen={isOpen}>
        {place.of === 'item' ? records.attemptsAndConsole : records.console}
      </Disclosure>
      {isOpen.value && <RunTrace {...place} />}
    </section>
  )
}

interface DisclosureProps {
  readonly isOpen: Signal<boolean>
  readonly title?: string
  readonly children: ComponentChildren
}

/** The heading of a section that is shown when it is asked for. */
function Disclosure({ isOpen, title, children }: DisclosureProps) {
  return (
    <h3>
      <button
        type="button"
        class="disclosure"
        aria-expanded={isOpen.value}
        title={title}
        onClick={() => {
          isOpen.value = !isOpen.value
        }}
      >
        <Icon name={isOpen.value ? 'down' : 'right'} size={14} /> {children}
      </button>
    </h3>
  )
}

interface CopyAsProps {
  readonly shape: RecordsShape
  readonly condition: readonly unknown[]
}

function CopyAs({ shape: { resource }, condition }: CopyAsProps) {
  const { records } = text()
  const curl = () =>
    curlText({ url: serverUrl, method: `${resource}_query`, params: { query: { condition } } })
  return (
    <Menu label={records.copyAs} icon="copy" isSmall>
      {() => (
        <div class="menu-copy">
          <CopyButton label={records.asLink} read={() => location.href} />
          <CopyButton label={records.asCurl} read={curl} />
          <CopyButton label={records.asCli} read={() => cliText(serverUrl, resource, condition)} />
          <CopyButton label={records.asClient} read={() => clientText(serverUrl, resource, condition)} />
        </div>
      )}
    </Menu>
  )
}
