import { createSemaphore } from '../async/semaphore.ts'
import { invalidParams, RpcError } from '../errors.ts'
import { checkJson, isExactNumber, parseJson, stringifyJson } from '../json.ts'
import type { Outbound } from '../outbound/outbound.ts'
import { type Identity, type Origin, originsOf, requirePermission } from '../permission/grant.ts'
import type { Ask } from '../permission/live-caller.ts'
import type { ChainOwner } from '../resource/chain-owner.ts'
import type { ScriptRun } from '../sandbox/sandbox.ts'
import { fetchFor } from './fetch.ts'
import { workerAction } from './worker.ts'

/** Where a run stands in its chain of events. */
export interface ChainPlace {
  readonly requestId: string
  /** Whose chain it is. */
  readonly owner: ChainOwner
  /** The node that becomes the parent of what is sent; undefined: none. */
  readonly nodeId: string | undefined
  readonly depth: number
}

export interface HostDeps {
  readonly outbound: Outbound
  /** Who may now do what all these origins may. Throws RpcError 102 once one of their tokens is gone. */
  recall(origins: readonly Origin[]): Promise<Identity>
  /** Sends one event or several, as `event_send` takes them. */
  send(events: unknown, by: { readonly identity: Identity; readonly chain: ChainPlace }): Promise<unknown>
  /**
   * Calls a method as the identity that `ask` finds; with `credential narrows`, as what both that and the credential among the
   * parameters may. Throws RpcError.
   */
  callMethod(method: string, params: unknown, ask: Ask, credential?: 'credential narrows'): Promise<unknown>
  /** Told of what failed by our own fault, which a script does not get to see. */
  onError?(error: unknown): void
}

export interface InlineOptions {
  readonly by: Identity
  /** Bounds the run beside its own limits, in milliseconds. */
  readonly timeoutMs: number | undefined
  readonly signal: AbortSignal
}

/** The run whose script asks. */
export interface HostRun {
  /** In whose name the script acts now. Throws RpcError 102 once one of their tokens has ended. */
  readonly identityNow: Ask
  readonly chain: ChainPlace
  readonly fetchHosts: readonly string[] | null
  /** Runs `onInlineCall` of another worker; resolves to what it returned. */
  inlineCall(worker: string, params: unknown, options: InlineOptions): Promise<unknown>
}

/** Calls of one run that are answered at once; the others wait. */
const atOnce = 16
const maxDepth = 64
/** UTF-16 units: a larger answer would not fit into the heap of most scripts, and copying it would hold up everybody. */
const maxAnswerLength = 4 * 1024 * 1024

/** Methods that would leave the chain of the run, and could so run for ever. */
const insteadOf: ReadonlyMap<string, string> = new Map([
  ['js-worker_run', 'ctx.inlineCall'],
  ['event_send', 'ctx.send'],
  ['event-log_replay', 'ctx.send'],
  ['events.services.EventSvc.sendEvent', 'ctx.send'],
])

type Answer = (args: readonly unknown[], signal: AbortSignal) => Promise<unknown>

/** Answers what the script of a run asks for: with the rights of the run, and no others. */
export function createHost(deps: HostDeps, run: HostRun): ScriptRun['host'] {
  const inTurn = createSemaphore(atOnce)

  // Asked for each call: a token that ended after the run began no longer grants anything.
  const identityNow = () => run.identityNow().then(withoutSecret)

  const answers: Readonly<Record<Parameters<ScriptRun['host']>[0], Answer>> = {
    async send([events]) {
      return deps.send(events, { identity: await identityNow(), chain: run.chain })
    },
    async call([method, params]) {
      const name = requireText(method, 'method')
      requireCallable(name, params)
      return deps.callMethod(name, params ?? {}, identityNow)
    },
    async inlineCall([worker, params, seconds], signal) {
      const name = requireText(worker, 'name')
      const timeoutMs = readTimeout(seconds)
      const by = await identityNow()
      requirePermission(by, workerAction('run_defined_js_worker'), name)
      return run.inlineCall(name, params, { by, timeoutMs, signal })
    },
    async nodeget([method, params]) {
      const name = requireText(method, 'method')
      requireInChain(name)
      return deps.callMethod(name, params ?? {}, identityNow, 'credential narrows')
    },
    fetch: (args, signal) => fetchFor(deps.outbound, run.fetchHosts, args, signal),
  }

  return async (name, args, signal) => {
    try {
      const answer = await inTurn(async () => {
        signal.throwIfAborted()
        return answers[name](readArguments(args), signal)
      })
      return requireShort(stringifyJson(answer))
    } catch (error) {
      throw shown(error, deps)
    }
  }
}

/** The same rights without the secret that could mint a JWT, which a script could give away. */
function withoutSecret(identity: Identity): Identity {
  const { tokenKey, isSuper, limits } = identity
  return { tokenKey, isSuper, limits, origins: originsOf(identity) }
}

function readArguments(text: string): readonly unknown[] {
  const args = parseJson(text)
  checkJson(args, text, maxDepth + 1)
  return Array.isArray(args) ? args : [args]
}

function requireText(value: unknown, path: string): string {
  if (typeof value !== 'string') throw invalidParams(path, 'expected a string')
  return value
}

/** NodeGet's timeout of an inline call, in seconds. */
function readTimeout(seconds: unknown): number | undefined {
  if (seconds === undefined || seconds === null) return undefined
  if (typeof seconds === 'number' && seconds > 0) return Math.ceil(seconds * 1000)
  throw invalidParams('timeout_sec', 'expected a number of seconds above 0')
}

function requireInChain(method: string): void {
  const instead = insteadOf.get(method)
  if (instead === undefined) return
  const message = `${method} is not for scripts; use ${instead}, which keeps to the chain`
  throw new RpcError('outside_chain', message)
}

function requireCallable(method: string, params: unknown): void {
  requireInChain(method)
  // By position the first parameter would be a credential.
  const isNamed =
    params === undefined || params === null || (typeof params === 'object' && !Array.isArray(params))
  if (!isNamed || isExactNumber(params)) throw invalidParams('params', 'expected an object')
  if (params !== undefined && params !== null && Object.hasOwn(params, 'token')) {
    throw invalidParams(
      'params.token',
      'a script calls with its own rights, not with a token',
      'token_not_allowed',
    )
  }
}

function requireShort(answer: string): string {
  if (answer.length <= maxAnswerLength) return answer
  throw new RpcError('answer_too_large', 'The answer is too large for a script', { retryable: false })
}

function shown(error: unknown, deps: HostDeps): unknown {
  if (error instanceof RpcError) return error
  deps.onError?.(error)
  return new RpcError('internal_error', 'Internal error')
}
