import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { RpcError } from '../errors.ts'
import { shareAddress } from '../ip-address.ts'
import type { RequestContext } from '../method/method.ts'
import type { ShownCredential } from '../permission/credential.ts'

/** The caller's `X-Request-Id` where it is harmless in a log and a header, else a new one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.:/+=@-]{1,128}$/.test(given) ? given : randomUUID()
}

/** What is known of a request besides its body. */
export interface RequestHead {
  readonly id: string
  readonly ip: string
  readonly headers: IncomingHttpHeaders
  readonly socket: Socket
}

/** `compress` is told what part of the answer shall be compressed. */
export function contextOf(request: RequestHead, compress?: RequestContext['compress']): RequestContext {
  return {
    ...(compress && { compress }),
    bearer: bearerOf(request.headers.authorization),
    shown: shownOn(request.socket),
    correlationId: request.id,
    address: shareAddress(request.ip),
    // Made for the few methods that wait for long.
    get hungUp() {
      return signalOf(request.socket)
    },
  }
}

const shownBy = new WeakMap<Socket, ShownCredential>()

function shownOn(socket: Socket): ShownCredential {
  const known = shownBy.get(socket)
  if (known !== undefined) return known
  const shown: ShownCredential = new Map()
  shownBy.set(socket, shown)
  return shown
}

/** One a connection: it may carry any number of requests. */
const signals = new WeakMap<Socket, AbortSignal>()

function signalOf(socket: Socket): AbortSignal {
  const known = signals.get(socket)
  if (known !== undefined) return known
  const controller = new AbortController()
  if (socket.destroyed) controller.abort()
  else socket.once('close', () => controller.abort())
  signals.set(socket, controller.signal)
  return controller.signal
}

/**
 * The same, or that of `X-Auth-Token` (the header of Huawei Cloud's clients). Throws RpcError 108 if both
 * differ, since the caller would be ambiguous.
 */
export function credentialOf({ raw, headers }: FastifyRequest): string | undefined {
  const tokens = raw.headersDistinct['x-auth-token'] ?? []
  const bearer = bearerOf(headers.authorization)
  const [credential, ...others] = new Set([...tokens.map(asUtf8), ...(bearer === undefined ? [] : [bearer])])
  if (others.length === 0) return credential
  throw new RpcError('credential_conflict', 'The headers hold different credentials')
}

/** The credential of an `Authorization: Bearer` header (RFC 6750); other schemes are ignored. */
function bearerOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  const credential = /^bearer +(\S.*)$/i.exec(header)?.[1]
  return credential === undefined ? undefined : asUtf8(credential)
}

/** Node reads headers as Latin-1; a password with other characters was sent as UTF-8. */
function asUtf8(header: string): string {
  const bytes = Buffer.from(header, 'latin1')
  return isUtf8(bytes) ? bytes.toString() : header
}
