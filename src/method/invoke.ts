import { randomUUID } from 'node:crypto'
import type { Refusals, Refused } from '../audit/refusal.ts'
import { invalidParams, RpcError } from '../errors.ts'
import { currentBehalf, onBehalfOf, strangerAt } from '../fairness/behalf.ts'
import { parseInput } from '../parse-input.ts'
import type { ShownCredential } from '../permission/credential.ts'
import { type Identity, intersectIdentities } from '../permission/grant.ts'
import { type Ask, type Follow, followUnwatched, type LiveCaller } from '../permission/live-caller.ts'
import { exactParamsOf } from './exact-params.ts'
import type { Method, RequestContext } from './method.ts'
import { SentParams } from './sent-params.ts'

/** Finds who a credential belongs to. Throws RpcError 101 or 102, also for none at all. */
export type Authenticate = (credential: string | undefined, shown?: ShownCredential) => Promise<Identity>

export interface InvokeOptions {
  /** Notices when a right ends; absent: it is checked before the answer alone. */
  readonly follow?: Follow | undefined
  /** Told of calls that are denied, or fail; absent: nobody is. */
  readonly refusals?: Refusals | undefined
}

type Members = Readonly<Record<string, unknown>>

/**
 * Runs one call of `method`: finds the credential, authenticates it, parses the parameters (by name, by position
 * or absent), then handles them. Nothing but the credential is looked at before the caller is known. `params`: as a
 * client sent them (SentParams), or those of somebody who is trusted to send what is fit.
 * Throws RpcError 101, 102, 108, 110, -32602, and whatever the method throws.
 */
export async function invoke(
  method: Method,
  params: unknown,
  context: RequestContext,
  authenticate: Authenticate,
  { follow = followUnwatched, refusals }: InvokeOptions = {},
): Promise<unknown> {
  let caller: Identity | undefined
  try {
    const sent = params instanceof SentParams ? params : undefined
    const rough = sent === undefined ? params : sent.rough
    const named = nameParams(method, rough)
    const credential = method.access === 'public' ? undefined : findCredential(method, named, context)
    const live = follow(() => authenticate(credential, context.shown))
    const stranger = strangerAt(context.address)
    caller = method.access === 'public' ? undefined : await nowAs(stranger, live)
    if (caller !== undefined) context.credentialHeld?.()
    const by = caller
    return await onBehalfOf(by?.tokenKey ?? stranger, () => {
      const settled = sent === undefined ? rough : settle(method, sent)
      const known = settled === rough ? named : nameParams(method, settled)
      return method.handle({ params: parseParams(method, known, settled), caller: by, context, live })
    })
  } catch (error) {
    const { name, isAudited = false } = method
    refusals?.note({ method: name, isAudited, caller, address: context.address }, error)
    throw error
  }
}

function nowAs(stranger: string, { now }: LiveCaller): ReturnType<LiveCaller['now']> {
  return currentBehalf() === stranger ? now() : onBehalfOf(stranger, now)
}

/** A public method that keeps nothing is nobody's: a stranger has nothing checked that is thrown away. */
function settle({ access, params }: Method, sent: SentParams): object | undefined {
  const { byName, byPosition } = exactParamsOf(params)
  if (access === 'public' && byName.size === 0) return sent.rough
  return sent.settle(Array.isArray(sent.rough) ? byPosition : byName)
}

export interface CallAsOptions {
  /** Finds whose credential is among the parameters; absent: it is ignored. */
  readonly narrow?: Authenticate | undefined
  readonly refusals?: Refusals | undefined
}

/**
 * Runs one call for somebody who is known already: a script. `ask` finds who that is, also later. A credential among the
 * parameters is ignored, or narrows the call to what both may. Throws RpcError -32601 and what `invoke` throws.
 */
export async function callAs(
  ask: Ask,
  methods: readonly Method[],
  name: string,
  params: unknown,
  { narrow, refusals }: CallAsOptions = {},
): Promise<unknown> {
  const method = methods.find(each => each.name === name)
  if (method === undefined) {
    throw new RpcError('method_not_found', 'There is no such method')
  }
  const context = { bearer: undefined, correlationId: randomUUID() }
  let script: Identity | undefined
  const authenticate: Authenticate = async credential => {
    const identity = await ask()
    script = identity
    if (narrow === undefined || credential === undefined) return identity
    // What it tries in vain delays nobody else's scripts.
    return intersectIdentities(identity, await onBehalfOf(identity.tokenKey, () => narrow(credential)))
  }
  const told = refusals && {
    // A credential that it tried in vain is told of the script.
    note: (refused: Refused, error: unknown) =>
      refusals.note({ ...refused, caller: refused.caller ?? script }, error),
  }
  return invoke(method, params, context, authenticate, { refusals: told })
}

/** By position, parameters take the names in the order in which the method's schema declares them. */
function nameParams(method: Method, params: unknown): Members {
  if (params === undefined) return {}
  if (!Array.isArray(params)) return params as Members
  const names = Object.keys(method.params.shape)
  return Object.fromEntries(names.slice(0, params.length).map((name, i) => [name, params[i]]))
}

function findCredential(method: Method, named: Members, context: RequestContext): string | undefined {
  const name = method.credentialParams.find(name => Object.hasOwn(named, name) && !isBlank(named[name]))
  if (name === undefined) return context.bearer
  const credential = named[name]
  if (typeof credential !== 'string') throw invalidParams(name, 'expected a string')
  if (context.bearer === undefined || context.bearer === credential) return credential
  throw new RpcError(
    'credential_conflict',
    `${name} and the Authorization header hold different credentials`,
    { path: name },
  )
}

function parseParams(method: Method, named: Members, given: unknown): unknown {
  if (Array.isArray(given)) requireEnoughNames(method, given.length)
  return parseInput(method.params, withoutDropped(method, named))
}

/** By position a client has to put something into the credential's place, also when the header has it. */
function isBlank(credential: unknown): boolean {
  return credential === null || credential === ''
}

/** Without what is taken and says nothing: tolerated members, and a blank in a credential's place. */
function withoutDropped({ params, toleratedMembers, credentialParams }: Method, named: Members): Members {
  const dropped = [
    ...toleratedMembers.filter(name => !Object.hasOwn(params.shape, name)),
    ...credentialParams.filter(name => isBlank(named[name])),
  ].filter(name => Object.hasOwn(named, name))
  if (dropped.length === 0) return named
  return Object.fromEntries(Object.entries(named).filter(([name]) => !dropped.includes(name)))
}

function requireEnoughNames(method: Method, positions: number): void {
  const { length } = Object.keys(method.params.shape)
  if (positions > length)
    throw invalidParams(`[${length}]`, `expected at most ${length} positional parameters`)
}
