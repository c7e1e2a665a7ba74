import { z } from 'zod'
import type { Actor } from '../audit/entry.ts'
import type { JsonText } from '../json.ts'
import type { ShownCredential } from '../permission/credential.ts'
import { type Identity, permissionDenied } from '../permission/grant.ts'
import type { LiveCaller } from '../permission/live-caller.ts'

/** What is pushed to a client until one of them ends it. */
export interface Pushed {
  /** The client wants no more: it is told nothing. */
  close(): void
  /** It gets no more, and is told why. */
  end(reason: 'permission_denied'): void
}

/** A notification in three pieces: what one client alone is sent is ASCII, what many are sent is UTF-8 bytes. */
export interface Spliced {
  readonly head: string
  readonly body: Buffer
  readonly tail: string
}

/** A connection over which the server may speak first. */
export interface PushChannel {
  /** Sends a JSON-RPC notification's text. */
  send(text: string): void
  /** Sends one with others of the same turn of the event loop, in the order of all that is pushed. */
  splice(message: Spliced): void
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
  /** What its connection has shown; absent where there is no connection. */
  readonly shown?: ShownCredential
  /** Under which the log holds this request; also sent as `X-Request-Id`. */
  readonly correlationId: string
  /** Where the request comes from, see shareAddress; absent where a script asks. */
  readonly address?: string
  /** To be called with a long text that is part of everybody's answer: it may be sent compressed. Absent where nothing is. */
  readonly compress?: (shared: JsonText) => void
  /** Aborted when the client has hung up: nobody reads the answer. Absent where there is no connection. */
  readonly hungUp?: AbortSignal
  /** Told when the credential of a request was right; absent where nobody wants to know. */
  credentialHeld?(): void
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

/** What a method takes, by name and in its order by position: a schema for each parameter. */
export type ParamsShape = Readonly<Record<string, z.ZodType>>

/**
 * A JSON-RPC method: `params` and `result` are the one source of its types, its validation and its OpenRPC entry.
 * By position, parameters come in the order in which `params` declares them.
 */
export interface Method {
  readonly name: string
  readonly summary: string
  /** Made by defineMethod or definePublicMethod, so that members it does not know are faults. */
  readonly params: z.ZodObject
  readonly result: z.ZodType
  /** What the server sends by itself once it was called. */
  readonly notification?: NotificationShape
  /** What it queries: programs that show any kind of record read it in the document, as `x-records`. */
  readonly records?: RecordsShape
  /** `token`: a credential is required; `public`: none is read. */
  readonly access: 'token' | 'public'
  /** The parameters that may carry the credential, first found first taken. Default: `['token']`. */
  readonly credentialParams: readonly string[]
  /** Members that clients send by name and that say nothing here: taken, and dropped. */
  readonly toleratedMembers: readonly string[]
  /** Its answer is long: a batch may hold one call of it. Otherwise a small batch would cost as much as a hundred answers. */
  readonly isOncePerBatch?: boolean
  /** What it does goes to the audit trail, as does a call that fails. */
  readonly isAudited?: boolean
  /** Called with parsed parameters; may answer with a JsonText. Throws RpcError. */
  handle(call: Call<unknown, Identity | undefined>): Promise<unknown>
}

/** A notification that follows from a call. OpenRPC has no word for it: its document holds it as `x-notification`. */
export interface NotificationShape {
  readonly name: string
  readonly params: z.ZodType
}

/** What no schema says of the records of a resource. */
export interface RecordsShape {
  readonly resource: string
  readonly summary: string
  /** The member that tells one from the other. */
  readonly key: string
  /** The time that newest first goes by. */
  readonly newest_by: string
  /** The member that says by its name who may read it. */
  readonly named_by: string
  /** Whether it is a run, which begins and ends. */
  readonly is_run: boolean
}

/** The credential where it is not in the `Authorization` header. */
export const credentialParam = z
  .string()
  .nullish()
  .describe(
    'key:secret, username|password or a JWT; absent, null or empty where it comes as Authorization: Bearer',
  )

type ParamsOf<Shape extends ParamsShape> = z.output<z.ZodObject<Shape, z.core.$strict>>

/** A method whose declaration the compiler sees: the client's types follow from it. */
export interface DefinedMethod<Name extends string, Shape extends ParamsShape, Result extends z.ZodType>
  extends Method {
  readonly name: Name
  readonly params: z.ZodObject<Shape, z.core.$strict>
  readonly result: Result
}

export interface TokenMethodOptions<
  Name extends string,
  Shape extends ParamsShape,
  Result extends z.ZodType,
> {
  readonly name: Name
  readonly summary: string
  readonly params: Shape
  readonly result: Result
  readonly notification?: NotificationShape
  readonly records?: RecordsShape
  readonly isAudited?: boolean
  readonly credentialParams?: readonly string[]
  /** Only for NodeGet's own methods: what its programs are known to send beside the parameters (NODEGET.md). */
  readonly toleratedMembers?: readonly string[]
  handle(call: Call<ParamsOf<Shape>, Identity>): Promise<unknown>
}

/** Who does something by calling the method of this name. */
export function actorOf(method: string, { caller, context }: Call<unknown, Identity>): Actor {
  return { caller, method, address: context.address }
}

/** A method that needs a credential; its `handle` is typed by its `params`. */
export function defineMethod<
  const Name extends string,
  const Shape extends ParamsShape,
  Result extends z.ZodType,
>(options: TokenMethodOptions<Name, Shape, Result>): DefinedMethod<Name, Shape, Result> {
  const { handle, params: shape, credentialParams = ['token'], toleratedMembers = [], ...rest } = options
  return {
    ...rest,
    params: z.strictObject(shape),
    access: 'token',
    credentialParams,
    toleratedMembers,
    async handle({ params, caller, context, live }) {
      // `invoke` finds the caller of every such method; were there none, nothing is permitted.
      if (caller === undefined) throw permissionDenied()
      // It also parsed the parameters, with this very schema.
      return handle({ params: params as ParamsOf<Shape>, caller, context, live })
    },
  }
}

/** A method that anybody may call, without parameters. A credential that a client sends with every call is not looked at. */
export function definePublicMethod(
  options: Pick<Method, 'name' | 'summary' | 'result' | 'isOncePerBatch' | 'handle'>,
): Method {
  return {
    ...options,
    params: z.strictObject({}),
    access: 'public',
    credentialParams: [],
    toleratedMembers: ['token'],
  }
}
