import type { Clock } from '../async/clock.ts'
import type { Database } from '../database/database.ts'
import { hasCode, RpcError } from '../errors.ts'
import { checkJson, JsonText, parseJson, stringifyJson } from '../json.ts'
import { type Identity, intersectIdentities, originsOf } from '../permission/grant.ts'
import type { Ask } from '../permission/live-caller.ts'
import type {
  ConsoleLevel,
  EntryPoint,
  Sandbox,
  ScriptOutcome,
  ScriptRun,
  Share,
} from '../sandbox/sandbox.ts'
import { createConsoleLog, type HandledEvent } from './console-log.ts'
import { type ChainPlace, createHost, type HostDeps } from './host.ts'
import type { Records } from './record.ts'
import { defaultLimits, type JsWorker } from './worker.ts'

export interface ScriptCall {
  /** The worker's name. */
  readonly worker: string
  readonly entry: EntryPoint
  readonly runType: string
  readonly params: unknown
  /** What the record keeps in place of the params. */
  readonly recorded?: unknown
  /** In place of members of the worker's env that it declares open. */
  readonly env?: Readonly<Record<string, unknown>>
  /** Whether the caller may read the worker: others could guess at its env by what counts as the same. */
  readonly seesEnv?: boolean
  /** Undefined without a particular caller, as on a route or a schedule: the worker's makers alone decide. */
  readonly caller: Identity | undefined
  /**
   * Who the caller is now, when it presented a credential: once that has ended, the script's calls are refused.
   * Absent: its tokens' keys are looked up.
   */
  readonly callerNow?: Ask
  /** Absent: a chain of its own. */
  readonly chain?: ChainPlace
  /** The event that it handles. */
  readonly item?: HandledEvent | undefined
  /** More members of the script's ctx. */
  readonly context?: Readonly<Record<string, unknown>>
  /** How many inline calls lie before it. */
  readonly inlineDepth?: number
  /** Of what all scripts have; absent: its worker's. */
  readonly share?: Share
  readonly signal?: AbortSignal
  /** Bounds the run beside the worker's own limit, in milliseconds. */
  readonly timeoutMs?: number
}

export interface ScriptEnd {
  /** Of its js-result row. */
  readonly id: number
  readonly outcome: ScriptOutcome
  /** The js-result row as JSON text; undefined when it could not be ended, or somebody else has. */
  readonly row: string | undefined
}

export interface StartedScript {
  /** Of its js-result row, which is committed. */
  readonly id: number
  /** Never rejects. */
  readonly done: Promise<ScriptEnd>
}

/** A run that has its record. */
export interface Begun {
  readonly id: number
  readonly owner: string
  readonly worker: JsWorker
  readonly identity: Identity
  readonly env: unknown
  readonly params: string
  readonly chain: ChainPlace
}

export interface ScriptRunDeps extends HostDeps {
  readonly database: Database
  readonly sandbox: Pick<Sandbox, 'run'>
  readonly clock: Clock
  /** Told of each line that a script writes to its console. */
  onConsole?(worker: string, level: string, text: string): void
}

/** What the runs of this server have in common. */
export interface ScriptRunParts extends ScriptRunDeps {
  readonly records: Records
  /** Starts another script, for an inline call. */
  start(call: ScriptCall): Promise<StartedScript>
  /** Counts work as under way until it has ended. */
  track<T>(work: Promise<T>): Promise<T>
}

const maxResultDepth = 64

/** Runs a script that has its record, and ends the record. Never rejects. */
export async function runScript(parts: ScriptRunParts, call: ScriptCall, begun: Begun): Promise<ScriptEnd> {
  const { id, worker } = begun
  const lines = createConsoleLog(parts, {
    id,
    worker,
    owner: begun.owner,
    requestId: begun.chain.requestId,
    item: call.item,
  })

  function print(level: ConsoleLevel, text: string): void {
    parts.onConsole?.(worker.name, level, text)
    lines.add(level, text)
  }

  /** A call that the script did not await can no longer fail the run. */
  function sayTooLate(name: string, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error)
    print('error', `${name} failed after the run had returned, which did not await it: ${why}`)
    parts.track(lines.close())
  }

  const share = call.share ?? shareOf(worker)
  const host = hostOf(parts, call, begun, share)
  const outcome = await parts.sandbox.run({
    name: worker.name,
    source: worker.source,
    entry: call.entry,
    params: begun.params,
    env: stringifyJson(begun.env),
    context: contextText(call, begun),
    limits: {
      maxRunMs: Math.min(
        worker.max_run_time ?? defaultLimits.max_run_time,
        call.timeoutMs ?? Number.POSITIVE_INFINITY,
      ),
      maxStackBytes: worker.max_stack_size ?? defaultLimits.max_stack_size,
      maxHeapBytes: worker.max_heap_size ?? defaultLimits.max_heap_size,
    },
    share,
    depth: call.inlineDepth ?? 0,
    idleMs: worker.runtime_clean_time ?? defaultLimits.runtime_clean_time,
    host: (name, args, signal) => parts.track(host(name, args, signal)),
    onUnheard: sayTooLate,
    onConsole: print,
    ...(call.signal && { signal: call.signal }),
  })
  // Committed first: a client that follows the run has its lines before its end.
  await lines.close()
  return { id, ...(await end(parts, begun, keepable(outcome))) }
}

/** Answers the script's calls in the name of its caller and its makers, with the rights they have now. */
function hostOf(
  parts: ScriptRunParts,
  call: ScriptCall,
  { identity, chain, worker }: Begun,
  share: Share,
): ScriptRun['host'] {
  const identityNow = async (): Promise<Identity> => {
    const recalled = await parts.recall(originsOf(identity))
    return call.callerNow === undefined ? recalled : intersectIdentities(await call.callerNow(), recalled)
  }
  return createHost(parts, {
    identityNow,
    chain,
    fetchHosts: worker.fetch_hosts,
    async inlineCall(name, params, { by, timeoutMs, signal }) {
      const { done } = await parts.start({
        worker: name,
        entry: 'onInlineCall',
        runType: 'inline_call',
        params,
        caller: by,
        callerNow: identityNow,
        chain,
        item: call.item,
        context: { inlineCaller: worker.name },
        ...(timeoutMs !== undefined && { timeoutMs }),
        inlineDepth: (call.inlineDepth ?? 0) + 1,
        share,
        // Ends with its caller: at the caller's deadline at the latest.
        signal,
      })
      const { id, outcome } = await done
      if (outcome.kind === 'returned') return new JsonText(outcome.result)
      throw new RpcError(outcome.reason, outcome.message, { js_result_id: id })
    },
  })
}

/** Writes the outcome, and answers what was written. */
async function end(
  { records, clock, onError }: ScriptRunParts,
  { id, owner }: Begun,
  outcome: ScriptOutcome,
): Promise<Omit<ScriptEnd, 'id'>> {
  const write = async (written: ScriptOutcome) => {
    const row = await records.end({
      id,
      owner,
      finishTime: clock(),
      result: written.kind === 'returned' ? written.result : null,
      errorMessage: written.kind === 'failed' ? written.message : null,
    })
    return { outcome: written, row }
  }
  try {
    return await write(outcome)
  } catch (error) {
    onError?.(error)
    if (!hasCode(error, 'invalid_input')) return { outcome, row: undefined }
    const refused = notKept('the database refused it')
    return await write(refused).catch(error => {
      onError?.(error)
      return { outcome: refused, row: undefined }
    })
  }
}

/** By the token that gave the source: those who changed the worker later, alone or together, make no further share. */
function shareOf({ name, owner: [maker] }: JsWorker): Share {
  return { owner: maker?.tokenKey ?? '', worker: name }
}

function contextText(call: ScriptCall, { id, worker, chain }: Begun): string {
  return stringifyJson({
    // By the names of NodeGet.
    runType: call.entry,
    workerName: worker.name,
    inlineCaller: null,
    ...call.context,
    id,
    worker: worker.name,
    run_type: call.runType,
    request_id: chain.requestId,
    node_id: chain.nodeId ?? null,
  })
}

/** A value that PostgreSQL would refuse or change is not a valid result. */
function keepable(outcome: ScriptOutcome): ScriptOutcome {
  if (outcome.kind === 'failed') return outcome
  try {
    checkJson(parseJson(outcome.result), outcome.result, maxResultDepth)
    return outcome
  } catch (error) {
    return notKept(error instanceof Error ? error.message : 'it cannot be read')
  }
}

function notKept(why: string): ScriptOutcome {
  const message = `script_error: the result cannot be kept: ${why}`
  return { kind: 'failed', reason: 'script_error', message: message.slice(0, 1000).toWellFormed() }
}
