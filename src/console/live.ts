import { computed, signal } from '@preact/signals'
import type { ResourceName } from '../client/client.ts'
import { parseJson } from '../json.ts'
import { isReachable } from './rpc.ts'
import { checkSession, serverUrl, session } from './session.ts'

/** `lost`: the connection broke and is opened again; nothing is missed. */
export type LiveState = 'connecting' | 'live' | 'lost' | 'ended'

export interface LiveOptions {
  readonly resource: ResourceName
  readonly condition: readonly unknown[]
  /** Resume behind this cursor; absent: changes from now on. */
  readonly after?: string | undefined
  /** A record that was added or has changed, as it is now. */
  readonly onRow: (row: Readonly<Record<string, unknown>>, cursor: string) => void
  readonly onState?: (state: LiveState) => void
  /** The stream ended for good: the server's reason. */
  readonly onEnd?: (reason: string) => void
  /** What happened while the connection was lost is no longer kept: the stream goes on from now. */
  readonly onGap?: () => void
}

interface Subscription extends LiveOptions {
  cursor: string | undefined
  id: string | undefined
}

/** Heartbeats come every 15 seconds. */
const silenceMs = 40_000
const longestPauseMs = 15_000

const socketState = signal<'idle' | 'connecting' | 'open' | 'lost'>('idle')

/** What the indicator shows: `live` while something is streamed, `lost` while nothing gets through. */
export const connection = computed(() => {
  if (socketState.value === 'lost' || !isReachable.value) return 'lost'
  return socketState.value === 'open' ? 'live' : 'idle'
})

const subscriptions = new Set<Subscription>()
/** Subscriptions whose answer is awaited, by the id of their request. */
const asked = new Map<number, Subscription>()
let socket: WebSocket | undefined
let lastId = 0
let failures = 0
let retry: ReturnType<typeof setTimeout> | undefined
let watch: ReturnType<typeof setTimeout> | undefined

/**
 * Follows records over the one WebSocket of the page, which opens with the first subscription and closes with
 * the last. Resumes behind the last change after a lost connection. Answers what ends it.
 */
export function subscribe(options: LiveOptions): () => void {
  const subscription: Subscription = { ...options, cursor: options.after, id: undefined }
  subscriptions.add(subscription)
  subscription.onState?.('connecting')
  if (socket?.readyState === WebSocket.OPEN) begin(subscription)
  else if (socket === undefined && retry === undefined) open()
  return () => close(subscription)
}

function close(subscription: Subscription): void {
  if (!subscriptions.delete(subscription)) return
  if (subscription.id !== undefined) {
    send(`${subscription.resource}_unsubscribe`, { subscription: subscription.id })
  }
  if (subscriptions.size === 0) hangUp()
}

function hangUp(): void {
  clearTimeout(retry)
  clearTimeout(watch)
  retry = undefined
  const left = socket
  socket = undefined
  left?.close()
  failures = 0
  socketState.value = 'idle'
}

function open(): void {
  retry = undefined
  if (session.peek() === undefined) return
  const next = new WebSocket(serverUrl.replace(/^http/, 'ws'))
  socket = next
  if (socketState.peek() === 'idle') socketState.value = 'connecting'
  next.onopen = () => {
    listen()
    socketState.value = 'open'
    isReachable.value = true
    for (const each of subscriptions) begin(each)
  }
  next.onmessage = ({ data }) => {
    if (next !== socket) return
    listen()
    receive(parseJson(String(data)) as Received)
  }
  next.onclose = () => {
    if (next === socket) lose()
  }
}

/** A connection without a word for long is taken for lost: a network may say nothing of its end. */
function listen(): void {
  clearTimeout(watch)
  watch = setTimeout(() => {
    const silent = socket
    lose()
    silent?.close()
  }, silenceMs)
}

function lose(): void {
  clearTimeout(watch)
  socket = undefined
  asked.clear()
  for (const each of subscriptions) {
    each.id = undefined
    each.onState?.('lost')
  }
  if (subscriptions.size === 0) {
    hangUp()
    return
  }
  socketState.value = 'lost'
  failures++
  const pauseMs = Math.min(250 * 2 ** failures, longestPauseMs)
  clearTimeout(retry)
  retry = setTimeout(open, pauseMs * (0.5 + Math.random() / 2))
}

function begin(subscription: Subscription): void {
  const { resource, condition, cursor } = subscription
  const params = { query: { condition }, ...(cursor !== undefined && { after: cursor }) }
  asked.set(send(`${resource}_subscribe`, params), subscription)
}

function send(method: string, params: object): number {
  const id = ++lastId
  if (socket?.readyState === WebSocket.OPEN) {
    const body = { jsonrpc: '2.0', id, method, params: { token: session.peek()?.token, ...params } }
    socket.send(JSON.stringify(body))
  }
  return id
}

interface Received {
  readonly id?: number
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly data?: { readonly reason?: string } }
  readonly params?: { readonly subscription: string; readonly result: Pushed }
}

interface Pushed {
  readonly type: 'start' | 'row' | 'heartbeat' | 'end'
  readonly cursor: string
  readonly row?: Readonly<Record<string, unknown>>
  readonly reason?: string
}

function receive({ id, result, error, params }: Received): void {
  if (params !== undefined) {
    const subscription = [...subscriptions].find(each => each.id === params.subscription)
    if (subscription !== undefined) push(subscription, params.result)
    return
  }
  const subscription = id === undefined ? undefined : asked.get(id)
  if (id === undefined || subscription === undefined) return
  asked.delete(id)
  if (error !== undefined) {
    refuse(subscription, error.code, error.data?.reason ?? '')
    return
  }
  const subscriptionId = String(result)
  if (subscriptions.has(subscription)) subscription.id = subscriptionId
  else send(`${subscription.resource}_unsubscribe`, { subscription: subscriptionId })
}

function refuse(subscription: Subscription, code: number, reason: string): void {
  if (reason === 'sequence_too_old' || reason === 'sequence_ahead') {
    subscription.cursor = undefined
    subscription.onGap?.()
    begin(subscription)
    return
  }
  end(subscription, reason)
  if (code === 102) void checkSession()
}

function push(subscription: Subscription, { type, cursor, row, reason }: Pushed): void {
  subscription.cursor = cursor
  if (type === 'start') {
    failures = 0
    subscription.onState?.('live')
  }
  if (type === 'row' && row !== undefined) subscription.onRow(row, cursor)
  if (type !== 'end') return
  // What the server can take up again, the next connection does.
  if (reason === 'permission_denied') {
    end(subscription, reason)
    void checkSession()
  } else if (reason === 'sequence_too_old') {
    refuse(subscription, 108, reason)
  } else {
    subscription.id = undefined
    subscription.onState?.('lost')
    setTimeout(() => takeUp(subscription), 1000)
  }
}

function takeUp(subscription: Subscription): void {
  const isWaiting = subscriptions.has(subscription) && subscription.id === undefined
  if (isWaiting && socket?.readyState === WebSocket.OPEN) begin(subscription)
}

function end(subscription: Subscription, reason: string): void {
  subscriptions.delete(subscription)
  subscription.onState?.('ended')
  subscription.onEnd?.(reason)
  if (subscriptions.size === 0) hangUp()
}

session.subscribe(now => {
  if (now !== undefined) return
  for (const each of [...subscriptions]) {
    subscriptions.delete(each)
    each.onState?.('ended')
  }
  hangUp()
})
