import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { RpcError } from '../../errors.ts'
import { planLive } from '../../resource/query.ts'
import type { Resource } from '../../resource/resource.ts'
import {
  createChangeBytes,
  formatSchema,
  pushedBegin,
  pushedNote,
  pushedSchema,
  type StreamFormat,
} from '../../stream/format.ts'
import type { Hub } from '../../stream/hub.ts'
import type { Subscriber } from '../../stream/subscription.ts'
import { credentialParam, defineMethod, type Method, type PushChannel } from '../method.ts'
import { querySchema } from './query-schema.ts'

export interface SubscribeDeps {
  readonly hub: Hub
  readonly maxConditions: number
  /** Subscriptions that one connection may have. */
  readonly maxSubscriptions: number
}

/** `X_subscribe` and `X_unsubscribe`: the resource's changes as they happen, over a WebSocket. */
export function subscriptionMethods(resource: Resource, deps: SubscribeDeps): readonly Method[] {
  return [subscribeMethod(resource, deps), unsubscribeMethod(resource)]
}

function subscribeMethod(
  resource: Resource,
  { hub, maxConditions, maxSubscriptions }: SubscribeDeps,
): Method {
  const bytesOf = createChangeBytes(resource)
  return defineMethod({
    name: `${resource.name}_subscribe`,
    summary: `Pushes the ${resource.summary} that fulfil the conditions as they change (WebSocket only)`,
    params: {
      token: credentialParam,
      query: querySchema(resource),
      after: afterSchema.optional(),
      format: formatSchema(resource),
    },
    result: z.string().describe('The id of the subscription'),
    notification: {
      name: `${resource.name}_subscription`,
      params: z.strictObject({ subscription: z.string(), result: pushedSchema(resource) }),
    },
    async handle({ params, caller, context, live }) {
      const { push, afterAnswer } = context
      const plan = planLive(resource, params.query, { maxConditions })
      if (push === undefined || afterAnswer === undefined) throw webSocketRequired()
      if (push.subscriptions.size >= maxSubscriptions) throw tooMany(maxSubscriptions)
      const id = randomUUID()
      const subscriber = subscriberOf(push, { id, resource, format: params.format, bytesOf })
      // The place is taken before anything is waited for.
      push.subscriptions.set(id, { close: () => undefined, end: () => undefined })
      try {
        const subscribed = await hub.subscribe(
          { resource, plan, caller, reauthenticate: live.now, subscriber },
          params.after?.toString(),
        )
        // The client may have left while that was waited for.
        if (!push.subscriptions.has(id)) subscribed.close()
        else push.subscriptions.set(id, subscribed)
        afterAnswer(subscribed.start)
        return id
      } catch (error) {
        push.subscriptions.delete(id)
        throw error
      }
    },
  })
}

/** Where a client begins: the cursor that it was told last, or 0 for the beginning. */
export const afterSchema = z
  .union([z.int().min(0), z.string().min(1)])
  .describe(
    'Begin behind this cursor, 0 for the beginning; a sequence number for those who may read every record; absent: from now on',
  )

function unsubscribeMethod(resource: Resource): Method {
  return defineMethod({
    name: `${resource.name}_unsubscribe`,
    summary: `Ends a subscription to the ${resource.summary}`,
    // The id first: libraries give it by position, and nothing else.
    params: { subscription: z.string(), token: credentialParam },
    result: z.literal(true),
    async handle({ params: { subscription }, context: { push } }) {
      const known = push?.subscriptions.get(subscription)
      if (push === undefined || known === undefined) throw notSubscribed()
      known.close()
      push.subscriptions.delete(subscription)
      return true
    },
  })
}

interface Pushed {
  readonly id: string
  readonly resource: Resource
  readonly format: StreamFormat
  readonly bytesOf: ReturnType<typeof createChangeBytes>
}

function subscriberOf(push: PushChannel, { id, resource, format, bytesOf }: Pushed): Subscriber {
  const opening = `{"jsonrpc":"2.0","method":"${resource.name}_subscription","params":{"subscription":"${id}","result":`
  const notify = (result: string): void => push.send(`${opening}${result}}}`)
  return {
    started: cursor => notify(pushedNote({ type: 'start', cursor })),
    send: (change, place) =>
      push.splice({
        head: opening + pushedBegin(format, place),
        body: bytesOf(format, change),
        tail: '}}}',
      }),
    heartbeat: cursor => notify(pushedNote({ type: 'heartbeat', cursor })),
    ended(end) {
      push.subscriptions.delete(id)
      notify(pushedNote({ type: 'end', ...end }))
    },
    unread: push.unread,
    drained: push.drained,
  }
}

function webSocketRequired(): RpcError {
  return new RpcError(
    'websocket_required',
    'Only a WebSocket can be pushed to; GET /stream does the same over HTTP',
  )
}

function tooMany(max: number): RpcError {
  return new RpcError('too_many_subscriptions', `A connection may have at most ${max} subscriptions`, {
    retryable: false,
    max,
  })
}

function notSubscribed(): RpcError {
  return new RpcError('subscription_not_found', 'This connection has no such subscription', {
    path: 'subscription',
  })
}
