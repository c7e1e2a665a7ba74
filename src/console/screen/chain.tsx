import { useMemo, useState } from 'preact/hooks'
import { ChainTree } from '../chain/chain-tree.tsx'
import { NodeDrawer } from '../chain/node-drawer.tsx'
import { RecentChains } from '../chain/recent-chains.tsx'
import { type ChainView, type ShownRow, useChain } from '../chain/use-chain.ts'
import { formatCount, formatDuration } from '../format.ts'
import { text } from '../language.ts'
import { summarizeChain, wayTo } from '../model/chain-tree.ts'
import { recordsHref } from '../model/place.ts'
import { AffectDialog } from '../part/affect-dialog.tsx'
import { CopyButton } from '../part/copy-button.tsx'
import { Fault } from '../part/fault.tsx'
import { Icon } from '../part/icon.tsx'
import { StateBadge } from '../part/state-badge.tsx'
import { showNote } from '../toast.ts'
import type { ScreenProps } from './screen.ts'

/** What an event set off: `#/chain/REQUEST_ID`; without one, the newest chains. */
export function ChainScreen({ rest }: ScreenProps) {
  const [requestId] = rest
  return requestId === undefined ? <RecentChains /> : <OneChain key={requestId} requestId={requestId} />
}

/** What is about to be done to records of the chain. */
interface Affecting {
  readonly what: 'cancel' | 'replay'
  readonly condition: readonly unknown[]
}

function OneChain({ requestId }: { readonly requestId: string }) {
  const texts = text().chain
  const [isPaused, setPaused] = useState(false)
  const view = useChain(requestId, isPaused)
  const { chain } = view
  const [openId, setOpenId] = useState<number | undefined>(undefined)
  const [wanted, setWanted] = useState<{ readonly id: number } | undefined>(undefined)
  const [closed, setClosed] = useState<ReadonlySet<number>>(new Set())
  const [affecting, setAffecting] = useState<Affecting | undefined>(undefined)
  const nodes = chain?.nodes ?? []
  const summary = useMemo(() => summarizeChain(nodes), [nodes])
  const open = useMemo(() => nodes.find(({ row }) => row.id === openId)?.row, [nodes, openId])

  /** Shows a record, whatever hides it. */
  function reveal({ id }: ShownRow): void {
    const way = new Set(wayTo(nodes, id).map(row => row.id))
    setClosed(new Set([...closed].filter(each => !way.has(each))))
    setWanted({ id })
  }

  return (
    <div class="chain">
      <header class="screen-head">
        <h1 class="cut" title={requestId}>
          {texts.title(requestId)}
        </h1>
        <CopyButton isSmall read={() => requestId} />
        <LiveButton view={view} isPaused={isPaused} onPause={setPaused} />
        {summary.firstFailure !== undefined && (
          <button
            type="button"
            class="button"
            onClick={() => summary.firstFailure !== undefined && reveal(summary.firstFailure)}
          >
            <Icon name="warning" /> {texts.goToFirstFailure}
          </button>
        )}
        <button
          type="button"
          class="button"
          onClick={() => setClosed(closed.size > 0 ? new Set() : holders(nodes))}
        >
          {closed.size > 0 ? texts.openAll : texts.closeAll}
        </button>
        <button
          type="button"
          class="button"
          onClick={() => setAffecting({ what: 'replay', condition: [{ request_id: requestId }] })}
        >
          <Icon name="reload" /> {texts.replay}
        </button>
        <button
          type="button"
          class="button button-danger"
          disabled={summary.ended !== undefined}
          onClick={() => setAffecting({ what: 'cancel', condition: [{ request_id: requestId }] })}
        >
          <Icon name="stop" /> {texts.cancel}
        </button>
      </header>
      <Fault error={view.error} onRetry={view.reload} />
      {chain !== undefined && <Summary requestId={requestId} chain={chain} summary={summary} />}
      {chain !== undefined && nodes.length > 0 && (
        <div class="beside chain-body">
          <ChainTree
            nodes={nodes}
            summary={summary}
            until={summary.ended ?? chain.time}
            openId={openId}
            wanted={wanted}
            closed={closed}
            onClosed={setClosed}
            onOpen={row => setOpenId(row.id)}
          />
          {open !== undefined && (
            <NodeDrawer
              row={open}
              way={wayTo(nodes, open.id)}
              onGo={row => {
                setOpenId(row.id)
                reveal(row)
              }}
              onReplay={() => setAffecting({ what: 'replay', condition: [{ id: open.id }] })}
              onClose={() => setOpenId(undefined)}
            />
          )}
        </div>
      )}
      {affecting !== undefined && (
        <AffectChain affecting={affecting} onDone={view.reload} onClose={() => setAffecting(undefined)} />
      )}
    </div>
  )
}

/** Every node that set something off, but the first: what it set off stays in sight. */
function holders(nodes: readonly { readonly row: ShownRow; readonly below: number }[]): ReadonlySet<number> {
  return new Set(nodes.filter(({ row, below }) => below > 0 && row.depth > 0).map(({ row }) => row.id))
}

interface LiveButtonProps {
  readonly view: ChainView
  readonly isPaused: boolean
  readonly onPause: (isPaused: boolean) => void
}

function LiveButton({ view, isPaused, onPause }: LiveButtonProps) {
  const { chain } = text()
  return (
    <button
      type="button"
      class="button"
      aria-pressed={!isPaused}
      onClick={() => {
        if (isPaused) view.reload()
        onPause(!isPaused)
      }}
    >
      <Icon name={isPaused ? 'play' : 'pause'} /> {chain.live[view.live]}
    </button>
  )
}

interface SummaryProps {
  readonly requestId: string
  readonly chain: NonNullable<ChainView['chain']>
  readonly summary: ReturnType<typeof summarizeChain>
}

function Summary({ requestId, chain, summary }: SummaryProps) {
  const { chain: texts } = text()
  if (chain.nodes.length === 0) return <p class="absence">{texts.none}</p>
  const { count, status, byStatus, began, ended } = summary
  return (
    <ul class="chain-summary">
      <li>
        <StateBadge state={status} />
      </li>
      <li>{texts.lasted(formatDuration((ended ?? chain.time) - began), ended !== undefined)}</li>
      <li>
        <a href={recordsHref('event-log', [{ request_id: requestId }])}>
          {texts.records(formatCount(count))}
        </a>
      </li>
      {Object.entries(byStatus).map(([each, of]) => (
        <li key={each}>
          <StateBadge state={each} /> <span class="number">{formatCount(of)}</span>
        </li>
      ))}
      {chain.isTruncated && <li class="state state-failure">{texts.truncated(formatCount(count))}</li>}
      {chain.otherChains > 0 && <li class="muted">{texts.others(chain.otherChains)}</li>}
    </ul>
  )
}

interface AffectChainProps {
  readonly affecting: Affecting
  readonly onDone: () => void
  readonly onClose: () => void
}

function AffectChain({ affecting: { what, condition }, onDone, onClose }: AffectChainProps) {
  const { chain } = text()
  const [onlyFailed, setOnlyFailed] = useState(false)
  const isCancel = what === 'cancel'
  const isOne = condition.some(each => typeof each === 'object' && each !== null && 'id' in each)
  const wanted = onlyFailed ? [...condition, 'is_failure'] : condition
  const open = isCancel ? [...wanted, { status_in: ['waiting', 'running'] }] : wanted
  return (
    <AffectDialog
      title={isCancel ? chain.cancel : chain.replay}
      action={isCancel ? chain.cancelCount : chain.replayCount}
      method={isCancel ? 'event-log_cancel' : 'event-log_replay'}
      condition={open}
      onDone={answer => {
        if (isCancel) showNote(chain.cancelled(Number(answer.cancelled), Number(answer.stopping)))
        else showNote(chain.replayed(Number(answer.replayed), Number(answer.skipped)))
        onDone()
      }}
      onClose={onClose}
    >
      <p>{isCancel ? chain.cancelText : chain.replayText}</p>
      {!isCancel && !isOne && (
        <label class="check">
          <input
            type="checkbox"
            checked={onlyFailed}
            onChange={({ currentTarget }) => setOnlyFailed(currentTarget.checked)}
          />
          {chain.onlyFailed}
        </label>
      )}
    </AffectDialog>
  )
}
