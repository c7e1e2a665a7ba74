import type { FailureText } from '../errors.ts'
import type { SinkFailure } from './sink.ts'

/** A numbered change as it is delivered. */
export interface Item {
  readonly number: number
  /**
   * `{"sequence_number":n,"row":{…}}` or, with its envelope, `{"sequence_number":n,"envelope":{…}}`; JSON
   * text.
   */
  readonly text: string
}

/** At least one item, in the order of their numbers. */
export type Items = readonly [Item, ...Item[]]

/** Where one sink's changes go, opened when the first is sent. */
export interface Destination {
  /**
   * Resolves once the target has confirmed all items. Throws DeliveryError; then any of them may have
   * arrived. `attempt`: counted from 1 for the same batch. Ends soon after `signal` aborts.
   */
  deliver(items: Items, attempt: number, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Why a delivery was not confirmed. The message begins with a stable reason, and contains no secrets. */
export class DeliveryError extends Error {
  /** Why the sink fails: another attempt would fail the same way. Undefined if the error may be temporary. */
  readonly lasting: SinkFailure | undefined
  /** The minimum wait before the next attempt, as requested by the target. */
  readonly retryAfterMs: number

  constructor(message: FailureText, { lasting, retryAfterMs = 0, cause }: DeliveryErrorOptions = {}) {
    super(message, { cause })
    this.name = 'DeliveryError'
    this.lasting = lasting
    this.retryAfterMs = retryAfterMs
  }
}

export interface DeliveryErrorOptions extends ErrorOptions {
  readonly lasting?: SinkFailure | undefined
  readonly retryAfterMs?: number | undefined
}

/** Limits one delivery; the first item is sent whatever its size. */
const maxBytes = 1024 * 1024

/** Cut into deliveries of at most `max` items and about a mebibyte. */
export function batchesOf(items: readonly Item[], max: number): readonly Items[] {
  const batches: [Item, ...Item[]][] = []
  let bytes = 0
  for (const item of items) {
    const last = batches.at(-1)
    bytes += item.text.length
    if (last !== undefined && last.length < max && bytes <= maxBytes) {
      last.push(item)
      continue
    }
    batches.push([item])
    bytes = item.text.length
  }
  return batches
}
