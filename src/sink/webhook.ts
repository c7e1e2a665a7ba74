import type { Clock } from '../async/clock.ts'
import { JsonText } from '../json.ts'
import type { FailedDelivery, Webhooks } from '../outbound/webhook.ts'
import { DeliveryError, type Destination } from './destination.ts'
import type { StoredSink } from './sink.ts'
import type { WebhookSink } from './target.ts'

const timeoutMs = 15_000

export interface WebhookDeps {
  readonly webhooks: Webhooks
  readonly clock: Clock
}

/**
 * Posts `{sink, resource, items}`, confirmed by a 2xx. The message id contains the numbers: a batch keeps
 * its id however often it is sent.
 */
export function webhookDestination(
  { name, resource }: StoredSink,
  { url, secret, headers }: WebhookSink,
  { webhooks, clock }: WebhookDeps,
): Destination {
  const target = { url, secrets: secret === null ? [] : [secret], headers }
  const opening = `{"sink":${JSON.stringify(name)},"resource":${JSON.stringify(resource)},"items":[`
  return {
    async deliver(items, attempt, signal) {
      const outcome = await webhooks.deliver(target, {
        id: `${idPart(name)}_${items[0].number}-${items.at(-1)?.number}`,
        attempt,
        body: new JsonText(`${opening}${items.map(item => item.text).join(',')}]}`),
        now: clock(),
        timeoutMs,
        signal,
      })
      if (outcome.kind === 'success') return
      const { message, retryAfterMs } = outcome
      throw new DeliveryError(message, { lasting: isLasting(outcome) ? 'refused' : undefined, retryAfterMs })
    },
    close: async () => undefined,
  }
}

/** Too early, too slow, too often; 421: another of its servers may answer. */
const passing = [408, 421, 425, 429]

/** A redirect or a bad request is permanent; a server error, or no answer, is temporary. */
function isLasting({ retry, status }: FailedDelivery): boolean {
  if (!retry) return true
  return status !== undefined && status < 500 && !passing.includes(status)
}

/** A header is ASCII only, and the id must not contain the dot that Standard Webhooks splits at. */
function idPart(name: string): string {
  return encodeURIComponent(name).replaceAll('.', '%2E')
}
