import type { IncomingMessage } from 'node:http'
import { finished } from 'node:stream/promises'
import type { FastifyRequest } from 'fastify'
import { currentBehalf } from '../fairness/behalf.ts'
import type { GivenUp, UnfinishedBodies } from './unfinished-bodies.ts'

export interface BodyReaderOptions {
  readonly maxBodyBytes: number
  readonly unfinished: UnfinishedBodies
  /** Told why a body is given up. */
  readonly onGivenUp?: (reason: GivenUp) => void
}

/** Reads a body whole, for a content type parser of Fastify. Rejects with a BodyFault. */
export type ReadWhole = (request: FastifyRequest, payload: IncomingMessage) => Promise<Buffer>

/** The only reader of bodies: what has not arrived whole counts, and is given up when it stalls. */
export function createBodyReader({ maxBodyBytes, unfinished, onGivenUp }: BodyReaderOptions): ReadWhole {
  return async ({ headers }, payload) => {
    const length = Number(headers['content-length'] ?? Number.NaN)
    try {
      if (length > maxBodyBytes) throw new BodyFault('too_large')
      return await readWhole(payload, length)
    } catch (error) {
      // What comes now is forgotten as it comes.
      if (isOfTooMany(error)) await discardRest(payload)
      throw error
    }
  }

  function readWhole(payload: IncomingMessage, length: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const bytes = createBytes(maxBodyBytes)
      const body = unfinished.begin({ share: currentBehalf() ?? '', giveUp })

      function giveUp(reason: GivenUp): void {
        onGivenUp?.(reason)
        end(reason)
      }

      function onData(chunk: Buffer): void {
        if (bytes.length + chunk.length > maxBodyBytes) {
          end('too_large')
          return
        }
        bytes.add(chunk)
        // Most bodies come whole and are held for no time.
        if (bytes.length !== length) body.hold(bytes.capacity, bytes.length)
      }

      function onEnd(): void {
        // NaN: the body came in chunks, whose end was seen.
        end(Number.isNaN(length) || bytes.length === length ? undefined : 'ended_early')
      }

      function onClose(): void {
        end('ended_early')
      }

      function end(fault: BodyFaultCode | undefined): void {
        payload.off('data', onData).off('end', onEnd).off('close', onClose)
        body.finish()
        if (fault === undefined) resolve(bytes.whole())
        else reject(new BodyFault(fault))
        bytes.forget()
      }

      // Without a listener a client that hangs up would end the process; 'close' follows.
      payload.on('error', () => undefined)
      payload.on('data', onData).once('end', onEnd).once('close', onClose)
      payload.resume()
    })
  }
}

export type BodyFaultCode = GivenUp | 'too_large' | 'ended_early'

export class BodyFault extends Error {
  readonly code: BodyFaultCode

  constructor(code: BodyFaultCode) {
    super(`a body could not be read: ${code}`)
    this.code = code
  }
}

function isOfTooMany(error: unknown): boolean {
  return error instanceof BodyFault && (error.code === 'too_large' || error.code === 'over_budget')
}

const empty = Buffer.alloc(0)

/**
 * Grows by copies: kept chunks would keep the buffers that they were read into, and a chunk may be a byte.
 */
function createBytes(most: number) {
  let buffer = empty
  let length = 0
  return {
    get length() {
      return length
    },
    get capacity() {
      return buffer.length
    },
    add(chunk: Buffer): void {
      const needed = length + chunk.length
      if (needed > buffer.length) {
        const larger = Buffer.allocUnsafe(Math.max(needed, Math.min(most, 2 * buffer.length)))
        buffer.copy(larger, 0, 0, length)
        buffer = larger
      }
      chunk.copy(buffer, length)
      length = needed
    },
    whole: () => buffer.subarray(0, length),
    forget(): void {
      buffer = empty
    },
  }
}

const patienceMs = 5000

/**
 * Reads what is left of a body and forgets it, for five seconds at most. A connection that is closed with
 * bytes unread is reset, and its client, still sending, may never see the answer.
 */
async function discardRest(body: IncomingMessage): Promise<void> {
  body.resume()
  // However it ends, the answer comes next; a client that is gone does not mind.
  await finished(body, { writable: false, signal: AbortSignal.timeout(patienceMs) }).catch(() => undefined)
}
