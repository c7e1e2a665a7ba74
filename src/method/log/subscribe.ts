import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { RpcError } from '../../errors.ts'
import type { Resource } from '../../resource/resource.ts'
import type { Change } from '../../stream/change-log.ts'
import { changeText, formatSchema, type StreamFormat } from '../../stream/format.ts'
import type { Hub } from '../../stream/hub.ts'
import type { Subscriber } from '../../stream/subscription.ts'
import { credentialParam, defineMethod, type Method, type PushChannel } from '../method.ts'
import { type LogMethodDeps, planFilters, querySchema } from './log-method.ts'

export interface SubscribeDeps {
  readonly hub: Hub
  readonly log: LogMethodDeps
  /** Subscriptions that one connection may have. */
  readonly maxSubscriptions: number
}

/** `X_subscribe` and `X_unsubscribe`: the resource's changes as they happen, over a WebSocket. */
export function subscriptionMethods(resource: Resource, deps: SubscribeDeps): readonly Method[] {
  return [subscribeMethod(resource, deps), unsubscribeMethod(resource)]
}

function subscribeMethod(resource: Resource, { hub, log, maxSubscriptions }: SubscribeDeps): Method {
  return defineMethod({
    name: `${resource.name}_subscribe`,
    summary: `Pushes the ${resource.summary} that fulfil the conditions as they change (WebSocket only)`,
    params: {
      token: credentialParam,
      query: querySchema(resource),
      after: z.int().min(0).optional().describe('Begin behind this sequence number; absent: from now on'),
      format: formatSchema(resource),
    },
    result: z.strictObject({
      subscription: z.string(),
      sequence_number: z.int().describe('Changes behind this number follow'),
    }),
    async handle({ params, caller, context, live }) {
      const { push, afterAnswer } = context
      const plan = planFilters(resource, params.query, log)
      if (push === undefined || afterAnswer === undefined) throw webSocketRequired()
      if (push.subscriptions.size >= maxSubscriptions) throw tooMany(maxSubscriptions)
      const id = randomUUID()
      const subscriber = subscriberOf(push, { id, resource, format: params.format })
      // The place is taken before anything is waited for.
      push.subscriptions.set(id, { close: () => undefined, end: () => undefined })
      try {
        const subscribed = await hub.subscribe(
          { resource, plan, caller, again: live.now, subscriber },
          params.after,
        )
        push.subscriptions.set(id, subscribed)
        afterAnswer(subscribed.start)
        return { subscription: id, sequence_number: subscribed.position }
      } catch (error) {
        push.subscriptions.delete(id)
        throw error
      }
    },
  })
}

function unsubscribeMethod(resource: Resource): Method {
  return defineMethod({
    name: `${resource.name}_unsubscribe`,
    summary: `Ends a subscription to the ${resource.summary}`,
    params: { token: credentialParam, subscription: z.string() },
    result: z.strictObject({ success: z.literal(true) }),
    async handle({ params: { subscription }, context: { push } }) {
      const known = push?.subscriptions.get(subscription)
      if (push === undefined || known === undefined) throw notSubscribed()
      known.close()
      push.subscriptions.delete(subscription)
      return { success: true }
    },
  })
}

interface Pushed {
  readonly id: string
  readonly resource: Resource
  readonly format: StreamFormat
}

function subscriberOf(push: PushChannel, { id, resource, format }: Pushed): Subscriber {
  const opening = `{"jsonrpc":"2.0","method":"${resource.name}_subscription","params":{"subscription":"${id}","sequence_number":`
  return {
    send(change: Change) {
      push.send(`${opening}${change.number},"${format}":${changeText(resource, format, change)}}}`)
    },
    heartbeat(number) {
      push.send(`${opening}${number},"heartbeat":true}}`)
    },
    ended({ reason, last_sequence_number: last }) {
      push.subscriptions.delete(id)
      push.send(`${opening}${last},"ended":${JSON.stringify(reason)}}}`)
    },
    unread: push.unread,
    drained: push.drained,
  }
}

function webSocketRequired(): RpcError {
  return new RpcError(
    'invalid_input',
    'Only a WebSocket can be pushed to; GET /stream does the same over HTTP',
    {
      reason: 'websocket_required',
    },
  )
}

function tooMany(max: number): RpcError {
  return new RpcError('busy', `A connection may have at most ${max} subscriptions`, {
    reason: 'too_many_subscriptions',
    retryable: false,
    max,
  })
}

function notSubscribed(): RpcError {
  return new RpcError('not_found', 'This connection has no such subscription', {
    reason: 'subscription_not_found',
    path: 'subscription',
  })
}
