import { z } from 'zod'
import { type Identity, permissionDenied } from '../permission/grant.ts'
import type { LiveCaller } from '../permission/live-caller.ts'

/** What is pushed to a client until one of them ends it. */
export interface Pushed {
  /** The client wants no more: it is told nothing. */
  close(): void
  /** It gets no more, and is told why. */
  end(reason: 'permission_denied'): void
}

/** A connection over which the server may speak first. */
export interface PushChannel {
  /** Sends a JSON-RPC notification's text. */
  send(text: string): void
  /** Bytes that lie in our memory because the client has not read them. */
  unread(): number
  /** Resolves once it has read most of them, or is gone. */
  drained(): Promise<void>
  /** What is pushed over it, by id; closed with the connection. */
  readonly subscriptions: Map<string, Pushed>
}

/** What a method may know of the request it serves. */
export interface RequestContext {
  /** The credential of the `Authorization: Bearer` header, of this request or of the WebSocket's upgrade. */
  readonly bearer: string | undefined
  /** Under which the log holds this request; also sent as `X-Request-Id`. */
  readonly correlationId: string
  /** Aborted when the client has hung up: nobody reads the answer. Absent where there is no connection. */
  readonly hungUp?: AbortSignal
  /** Absent where the server can only answer. */
  readonly push?: PushChannel
  /** Runs `work` once the answer to this request is on its way; there with `push`. */
  afterAnswer?(work: () => void): void
}

/** One call, its parameters parsed and its caller known. */
export interface Call<Params, Caller> {
  readonly params: Params
  readonly caller: Caller
  readonly context: RequestContext
  /** The caller as it will be, for what waits or outlives the call. */
  readonly live: LiveCaller
}

/**
 * A JSON-RPC method: `params` and `result` are the one source of its types, its validation and its OpenRPC entry.
 * By position, parameters come in the order in which `params` declares them.
 */
export interface Method {
  readonly name: string
  readonly summary: string
  readonly params: z.ZodObject
  readonly result: z.ZodType
  /** `token`: a credential is required; `public`: none is read. */
  readonly access: 'token' | 'public'
  /** The parameters that may carry the credential, first found first taken. Default: `['token']`. */
  readonly credentialParams: readonly string[]
  /** Called with parsed parameters; may answer with a JsonText. Throws RpcError. */
  handle(call: Call<unknown, Identity | undefined>): Promise<unknown>
}

/** The credential where it is not in the `Authorization` header. */
export const credentialParam = z
  .string()
  .optional()
  .describe('key:secret, username|password or a JWT; may come as Authorization: Bearer instead')

export interface TokenMethodOptions<Params extends z.ZodObject> {
  readonly name: string
  readonly summary: string
  readonly params: Params
  readonly result: z.ZodType
  readonly credentialParams?: readonly string[]
  handle(call: Call<z.output<Params>, Identity>): Promise<unknown>
}

/** A method that needs a credential; its `handle` is typed by its `params`. */
export function defineMethod<Params extends z.ZodObject>(options: TokenMethodOptions<Params>): Method {
  const { handle, credentialParams = ['token'], ...rest } = options
  return {
    ...rest,
    access: 'token',
    credentialParams,
    async handle({ params, caller, context, live }) {
      // `invoke` finds the caller of every such method; were there none, nothing is permitted.
      if (caller === undefined) throw permissionDenied()
      // It also parsed the parameters, with this very schema.
      return handle({ params: params as z.output<Params>, caller, context, live })
    },
  }
}
