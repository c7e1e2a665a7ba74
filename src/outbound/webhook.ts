import { Webhook } from 'standardwebhooks'
import type { FailureText } from '../errors.ts'
import { stringifyJson } from '../json.ts'
import { type Outbound, type OutboundAnswer, OutboundError } from './outbound.ts'
import { quotedAnswer, retryAfterMs, type WebhookResult, webhookResult } from './webhook-answer.ts'

export type { WebhookResult } from './webhook-answer.ts'
export { newWebhookSecret } from './webhook-place.ts'

export interface WebhookTarget {
  readonly url: string
  /**
   * `whsec_<base64>`, newest first. Signed with all of them, so that a receiver may change over in its own time; not
   * signed without any.
   */
  readonly secrets: readonly string[]
  /** More headers; none of those that every delivery has. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface Delivery {
  /** Stays the same over the attempts of one event, so that the receiver can drop duplicates. */
  readonly id: string
  /** Counted from 1. */
  readonly attempt: number
  readonly body: unknown
  /** Epoch milliseconds: signed, and what a Retry-After date is compared with. */
  readonly now: number
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export type DeliveryOutcome = { readonly kind: 'success'; readonly result: WebhookResult } | FailedDelivery

export interface FailedDelivery {
  readonly kind: 'failed'
  /** Starts with `webhook_failed: ` and names the fault, with up to 1 KiB of what the receiver said. */
  readonly message: FailureText
  readonly retry: boolean
  /** What the receiver answered with; absent: it gave no answer. */
  readonly status?: number
  /** The least wait before the next attempt, as the receiver asked for. */
  readonly retryAfterMs?: number
  /** The receiver is gone for good (410): its handler should send nothing more. */
  readonly disable?: boolean
}

export interface Webhooks {
  /** One attempt. What the receiver or the network did is an outcome; it throws only for faults of the program. */
  deliver(target: WebhookTarget, delivery: Delivery): Promise<DeliveryOutcome>
}

export interface WebhookOptions {
  readonly outbound: Outbound
  /** Of this program, for `user-agent`. */
  readonly version?: string
}

const maxTimeoutMs = 15_000
const maxAnswerBytes = 64 * 1024

/** Posts events as https://www.standardwebhooks.com says: signed, only 2xx is a success, no redirect is followed. */
export function createWebhooks({ outbound, version }: WebhookOptions): Webhooks {
  const userAgent = version === undefined ? 'daybook' : `daybook/${version}`
  return {
    async deliver(target, delivery) {
      const body = stringifyJson(delivery.body)
      try {
        const answer = await outbound.request({
          url: target.url,
          method: 'POST',
          headers: {
            ...target.headers,
            'content-type': 'application/json',
            'user-agent': userAgent,
            'daybook-attempt': String(delivery.attempt),
            ...signed(target.secrets, delivery, body),
          },
          body,
          timeoutMs: Math.min(maxTimeoutMs, delivery.timeoutMs),
          maxBytes: maxAnswerBytes,
          signal: delivery.signal,
        })
        return outcomeOf(answer, delivery.now)
      } catch (error) {
        if (!(error instanceof OutboundError)) throw error
        return { kind: 'failed', message: `webhook_failed: ${error.message}`, retry: error.retryable }
      }
    },
  }
}

function signed(secrets: readonly string[], { id, now }: Delivery, body: string): Record<string, string> {
  const signatures = secrets.map(secret => new Webhook(secret).sign(id, new Date(now), body))
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now / 1000)),
    ...(signatures.length > 0 && { 'webhook-signature': signatures.join(' ') }),
  }
}

function outcomeOf(answer: OutboundAnswer, now: number): DeliveryOutcome {
  const { status, headers } = answer
  if (status >= 200 && status < 300) return { kind: 'success', result: webhookResult(answer) }
  const quoted = quotedAnswer(answer)
  const message: FailureText = `webhook_failed: http_status ${status}${quoted && `: ${quoted}`}`
  if (status === 410) return { kind: 'failed', message, status, retry: false, disable: true }
  // A redirect would be the same the next time.
  if (status < 400) return { kind: 'failed', message, status, retry: false }
  const wait = retryAfterMs(headers['retry-after'], now)
  return { kind: 'failed', message, status, retry: true, ...(wait !== undefined && { retryAfterMs: wait }) }
}
