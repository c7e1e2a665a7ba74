import { randomUUID } from 'node:crypto'
import type { Clock } from '../async/clock.ts'
import { RpcError } from '../errors.ts'
import { isTicket, ticketPrefix } from '../permission/credential.ts'
import { type Identity, type Presented, permissionDenied } from '../permission/grant.ts'
import { createSealer } from '../seal.ts'
import type { StreamFormat } from './format.ts'

/** What a stream is asked for. */
export interface StreamAsked {
  readonly resource: string
  readonly condition: readonly unknown[]
  readonly format: StreamFormat
  /** The sequence number behind which it begins; absent: from now on. */
  readonly after?: number | undefined
}

/** A ticket that is good now. */
export interface Ticket {
  readonly id: string
  readonly asked: StreamAsked
  /**
   * The caller who may use it now. Throws RpcError 102 once the credential it was made with is no longer
   * valid.
   */
  holder(): Promise<Identity>
}

/**
 * Opens one stream by URL alone, since a browser's EventSource cannot send headers. A ticket holds
 * no credential; any server of the database can read it.
 */
export interface Tickets {
  /** `beginUntil` is in epoch milliseconds. */
  mint(presented: Presented, asked: StreamAsked): { readonly ticket: string; readonly beginUntil: number }
  /**
   * A ticket opens streams for a minute. `isResumed`: the client presents a cursor from the ticket's stream,
   * which extends it to a day. Throws RpcError 102 (`permission_denied`, `ticket_expired`).
   */
  open(text: string, isResumed: (ticket: Pick<Ticket, 'id' | 'asked'>) => boolean): Ticket
}

interface Sealed {
  readonly id: string
  readonly presented: Presented
  readonly asked: StreamAsked
  readonly beginUntil: number
  readonly resumeUntil: number
}

const beginMs = 60_000
const resumeMs = 24 * 60 * 60 * 1000

/** Beyond this a URL does not fit beside the headers. */
const maxLength = 6000

export interface TicketOptions {
  /** A secret text that all servers share. */
  readonly key: string
  readonly clock: Clock
  /**
   * Looks up a caller from an earlier credential. Throws RpcError 102 once that credential is no longer
   * valid.
   */
  represent(presented: Presented): Promise<Identity>
}

export function createTickets({ key, clock, represent }: TicketOptions): Tickets {
  // A separate key: a text sealed for another purpose must not pass as a ticket.
  const sealer = createSealer(`stream ticket ${key}`)

  function read(text: string): Sealed {
    if (!isTicket(text)) throw permissionDenied()
    try {
      return JSON.parse(sealer.open(text.slice(ticketPrefix.length)))
    } catch {
      throw permissionDenied()
    }
  }

  return {
    mint(presented, asked) {
      const now = clock()
      const beginUntil = now + beginMs
      const sealed: Sealed = { id: randomUUID(), presented, asked, beginUntil, resumeUntil: now + resumeMs }
      const ticket = ticketPrefix + sealer.seal(JSON.stringify(sealed))
      if (ticket.length > maxLength) throw tooLong()
      return { ticket, beginUntil }
    },
    open(text, isResumed) {
      const { id, presented, asked, beginUntil, resumeUntil } = read(text)
      if (clock() > (isResumed({ id, asked }) ? resumeUntil : beginUntil)) throw expired()
      return { id, asked, holder: () => represent(presented) }
    },
  }
}

function expired(): RpcError {
  return new RpcError('ticket_expired', 'The ticket has expired')
}

function tooLong(): RpcError {
  const message = 'The query, or the limits of the JWT, are too long for a ticket'
  return new RpcError('ticket_too_long', message, { path: 'query' })
}
