import type { Clock } from '../../async/clock.ts'
import { type FailureText, RpcError } from '../../errors.ts'
import type { ChainPlace } from '../../js-worker/host.ts'
import type { Scripts } from '../../js-worker/scripts.ts'
import { workerAction } from '../../js-worker/worker.ts'
import { JsonText } from '../../json.ts'
import type { Webhooks } from '../../outbound/webhook.ts'
import { type Identity, intersectIdentities, requirePermission } from '../../permission/grant.ts'
import type { ScriptFault } from '../../sandbox/sandbox.ts'
import type { Target } from '../handler/handler.ts'
import type { LocalHandler } from '../handler/local-handlers.ts'
import { readEventRequests } from '../send/event-request.ts'
import { makersOf, mayReceive, notReceived, type Recall } from '../send/receiving.ts'
import type { Sender } from '../send/send.ts'
import type { Execute } from './active-runs.ts'
import { type Run, type RunOutcome, runMembers } from './run.ts'

export interface ExecuteDeps {
  readonly localHandlers: ReadonlyMap<string, LocalHandler>
  readonly scripts: Scripts
  readonly webhooks: Webhooks
  readonly sender: Sender
  readonly clock: Clock
  readonly recall: Recall
}

/** Faults that another attempt would meet again. */
const lasting: ReadonlySet<ScriptFault> = new Set(['script_syntax_error', 'script_entry_missing'])

/** Carries out attempts where their handlers' targets say; none whose handler's makers may not receive its event any more. */
export function createExecute(deps: ExecuteDeps): Execute {
  const byKind: Record<Target['kind'], Execute> = {
    local: (run, signal) => runLocal(deps, run, signal),
    js_worker: (run, signal) => runScript(deps, run, signal),
    webhook: (run, signal) => callWebhook(deps, run, signal),
    remote: () => Promise.reject(new TypeError('a remote handler is run by the worker that claims it')),
  }
  return async (run, signal) => {
    const makers = await makersOf(run.handler, deps.recall)
    if (!mayReceive(makers, run.sender, run.runType)) {
      return { kind: 'failed', message: notReceived, retry: false }
    }
    return byKind[run.handler.target.kind](run, signal)
  }
}

/** Who a run acts for: it may do what its sender and the makers of its handler may. */
async function actorOf({ caller, handler }: Run, recall: Recall): Promise<Identity> {
  return intersectIdentities(await recall(caller), await recall(handler.owner))
}

/** Where what a run sends continues its chain. */
function placeOf({ requestId, chainOwner, nodeId, depth }: Run): ChainPlace {
  return { requestId, owner: chainOwner, nodeId, depth }
}

async function runLocal(deps: ExecuteDeps, run: Run, signal: AbortSignal): Promise<RunOutcome> {
  const handler = deps.localHandlers.get(run.handler.full_name)
  if (handler === undefined) throw new TypeError(`no module of ${run.handler.full_name} is loaded`)
  const result = await handler.run(run.kwargs, {
    id: run.id,
    attempt: run.attempt,
    fullName: run.handler.full_name,
    sender: run.sender,
    eventType: run.eventType,
    requestId: run.requestId,
    nodeId: run.nodeId,
    signal,
    async send(event) {
      const identity = await actorOf(run, deps.recall)
      const chain = placeOf(run)
      const [answer] = await deps.sender.send(readEventRequests(event), { identity, chain })
      return answer
    },
  })
  return { kind: 'success', result }
}

async function runScript(deps: ExecuteDeps, run: Run, signal: AbortSignal): Promise<RunOutcome> {
  const { target, timeout_ms: timeoutMs } = run.handler
  if (target.kind !== 'js_worker') throw new TypeError('not a script')
  try {
    // The makers of the handler chose the script: were that not asked, a handler would run what they may not.
    requirePermission(
      await deps.recall(run.handler.owner),
      workerAction('run_defined_js_worker'),
      target.name,
    )
    const { done } = await deps.scripts.start({
      worker: target.name,
      entry: 'onEvent',
      runType: 'event',
      params: run.kwargs,
      caller: await actorOf(run, deps.recall),
      chain: placeOf(run),
      item: { id: run.id, fullName: run.handler.full_name },
      context: { event: runMembers(run) },
      signal,
      timeoutMs,
    })
    const { outcome } = await done
    return outcome.kind === 'returned'
      ? { kind: 'success', result: new JsonText(outcome.result) }
      : { kind: 'failed', message: outcome.message, retry: !lasting.has(outcome.reason) }
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    const retry = error.data.retryable === true
    return { kind: 'failed', message: `${error.data.reason}: ${error.message}`, retry }
  }
}

async function callWebhook(
  { webhooks, clock }: ExecuteDeps,
  run: Run,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const { target, secrets, timeout_ms: timeoutMs } = run.handler
  if (target.kind !== 'webhook') throw new TypeError('not a webhook')
  // The secrets were sealed with another key than this server's. An unsigned event must not be sent.
  if (secrets.length === 0) {
    return {
      kind: 'failed',
      message: 'webhook_secret_unreadable: set it again' satisfies FailureText,
      retry: false,
    }
  }
  const now = clock()
  const { event_type: type, ...data } = runMembers(run)
  return webhooks.deliver(
    { url: target.url, secrets },
    {
      // The same for every attempt, so that a receiver can drop what it has seen.
      id: `evt_${run.id}`,
      attempt: run.attempt,
      body: {
        type,
        timestamp: new Date(now).toISOString(),
        data: { ...data, kwargs: run.kwargs },
      },
      now,
      timeoutMs,
      signal,
    },
  )
}
