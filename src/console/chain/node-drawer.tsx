import { stringifyJson } from '../../json.ts'
import { formatDuration } from '../format.ts'
import { text } from '../language.ts'
import { recordsHref } from '../model/place.ts'
import { Drawer } from '../part/drawer.tsx'
import { Fault } from '../part/fault.tsx'
import { Icon } from '../part/icon.tsx'
import { JsonTree } from '../part/json-tree.tsx'
import { Moment } from '../part/moment.tsx'
import { StateBadge } from '../part/state-badge.tsx'
import { useCall } from '../rpc.ts'
import type { ShownRow } from './use-chain.ts'

export interface NodeDrawerProps {
  readonly row: ShownRow
  readonly way: readonly ShownRow[]
  readonly onGo: (row: ShownRow) => void
  readonly onReplay: () => void
  readonly onClose: () => void
}

/** One record of a chain; what it was given and returned are loaded now. */
export function NodeDrawer({ row, way, onGo, onReplay, onClose }: NodeDrawerProps) {
  const { chain } = text()
  const { data, error, reload } = useCall('event-log_get', { id: row.id }, { keepsOld: false })
  const whole = data.value as Readonly<Record<string, unknown>> | undefined
  const parent = way.at(-1)
  return (
    <Drawer
      title={row.full_name}
      tools={
        <button type="button" class="button button-small" onClick={onReplay}>
          <Icon name="reload" size={14} /> {chain.replayOne}
        </button>
      }
      onClose={onClose}
    >
      <dl class="facts">
        <dt>{chain.state}</dt>
        <dd>
          <StateBadge state={row.status} />
        </dd>
        <dt>{chain.record}</dt>
        <dd>
          <a href={recordsHref('event-log', [{ id: row.id }])}>{row.id}</a>
        </dd>
        <dt>{chain.attempt}</dt>
        <dd>{row.attempt}</dd>
        <dt>{chain.setOffBy}</dt>
        <dd>
          {parent === undefined ? (
            row.run_type
          ) : (
            <button type="button" class="link" onClick={() => onGo(parent)}>
              {parent.full_name}
            </button>
          )}
        </dd>
        <dt>{chain.made}</dt>
        <dd>
          <Moment ms={row.created_time} as="full" />
        </dd>
        <dt>{chain.began}</dt>
        <dd>
          <Moment ms={row.start_time} as="full" />
        </dd>
        <dt>{chain.ended}</dt>
        <dd>
          <Moment ms={row.finish_time} as="full" />
          {row.start_time !== null && row.finish_time !== null && (
            <span class="muted"> {formatDuration(row.finish_time - row.start_time)}</span>
          )}
        </dd>
        <dt>{chain.node}</dt>
        <dd>
          <code>{row.node_id}</code>
        </dd>
      </dl>
      {row.error_message !== null && (
        <pre class="error-text" dir="auto">
          {row.error_message}
        </pre>
      )}
      <Fault error={error.value} onRetry={reload} />
      {whole !== undefined &&
        (['param', 'result'] as const).map(name => (
          <section key={name} class="field">
            <h3>{chain[name]}</h3>
            <JsonTree label={chain[name]} source={stringifyJson(whole[name])} isOpen />
          </section>
        ))}
    </Drawer>
  )
}
