import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { type LiveState, subscribe } from '../live.ts'
import { type ChainNode, type ChainRow, nodesOf } from '../model/chain-tree.ts'
import { call } from '../rpc.ts'

/** A node as it is shown; what it was given and what it returned are loaded when it is opened. */
export interface ShownRow extends ChainRow {
  readonly attempt: number
  readonly run_type: string
}

/** What `event-log_chain` answers. */
interface Answer {
  readonly nodes: readonly ShownRow[]
  readonly truncated: boolean
  readonly other_chains: number
}

export interface ShownChain {
  readonly nodes: readonly ChainNode<ShownRow>[]
  /** Whether there are more than the server shows. */
  readonly isTruncated: boolean
  readonly otherChains: number
  /** When it was read, epoch milliseconds. */
  readonly time: number
}

const fields = [
  'id',
  'full_name',
  'status',
  'node_id',
  'parent_node_id',
  'created_time',
  'start_time',
  'finish_time',
  'error_message',
  'attempt',
  'run_type',
] as const

/** A large chain that changes all the time is read as often as leaves the page and the server most of theirs. */
const pauseMs = 500
const pauseShare = 4

export interface ChainView {
  readonly chain: ShownChain | undefined
  readonly error: unknown
  readonly live: LiveState | 'paused'
  reload(): void
}

/** The chain of a request id, read again when a record of it changes unless that is paused. */
export function useChain(requestId: string, isPaused: boolean): ChainView {
  const [chain, setChain] = useState<ShownChain | undefined>(undefined)
  const [error, setError] = useState<unknown>(undefined)
  const [live, setLive] = useState<LiveState>('connecting')
  const reading = useRef<{
    timer?: ReturnType<typeof setTimeout> | undefined
    again: boolean
    busy: boolean
  }>({
    again: false,
    busy: false,
  })
  const current = useRef(requestId)
  current.current = requestId

  const reload = useCallback(() => {
    const state = reading.current
    if (state.busy) {
      state.again = true
      return
    }
    state.busy = true
    const began = performance.now()
    call('event-log_chain', { request_id: requestId, fields })
      .then(
        answer => {
          if (current.current !== requestId) return
          setError(undefined)
          setChain(shownChain(answer as unknown as Answer))
        },
        (fault: unknown) => setError(fault),
      )
      .finally(() => {
        const took = performance.now() - began
        state.timer = setTimeout(
          () => {
            state.busy = false
            if (!state.again) return
            state.again = false
            reload()
          },
          Math.max(pauseMs, took * pauseShare),
        )
      })
  }, [requestId])

  useEffect(() => {
    setChain(undefined)
    reading.current = { again: false, busy: false }
    reload()
    const state = reading.current
    return () => clearTimeout(state.timer)
  }, [reload])

  useEffect(() => {
    if (isPaused) return
    return subscribe({
      resource: 'event-log',
      condition: [{ request_id: requestId }],
      onRow: reload,
      onGap: reload,
      onState: setLive,
    })
  }, [requestId, isPaused, reload])

  return useMemo(
    () => ({ chain, error, live: isPaused ? 'paused' : live, reload }),
    [chain, error, live, isPaused, reload],
  )
}

function shownChain({ nodes, truncated, other_chains: otherChains }: Answer): ShownChain {
  return { nodes: nodesOf(nodes), isTruncated: truncated, otherChains, time: Date.now() }
}
