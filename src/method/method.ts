import { z } from 'zod'
import { type Identity, permissionDenied } from '../permission/grant.ts'

/** What a method may know of the request it serves. */
export interface RequestContext {
  /** The credential of the `Authorization: Bearer` header, of this request or of the WebSocket's upgrade. */
  readonly bearer: string | undefined
  /** Under which the log holds this request; also sent as `X-Request-Id`. */
  readonly correlationId: string
  /** Aborted when the client has hung up: nobody reads the answer. Absent where there is no connection. */
  readonly hungUp?: AbortSignal
}

/** One call, its parameters parsed and its caller known. */
export interface Call<Params, Caller> {
  readonly params: Params
  readonly caller: Caller
  readonly context: RequestContext
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
    async handle({ params, caller, context }) {
      // `invoke` finds the caller of every such method; were there none, nothing is permitted.
      if (caller === undefined) throw permissionDenied()
      // It also parsed the parameters, with this very schema.
      return handle({ params: params as z.output<Params>, caller, context })
    },
  }
}
