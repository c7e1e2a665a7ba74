import { v7 as uuid } from 'uuid'
import type { Clock } from '../async/clock.ts'
import type { Database } from '../database/database.ts'
import { hasCode, RpcError } from '../errors.ts'
import { checkJson, JsonText, parseJson, stringifyJson } from '../json.ts'
import { type Identity, intersectIdentities, originsOf } from '../permission/grant.ts'
import type { Ask } from '../permission/live-caller.ts'
import { principalOf } from '../permission/origin.ts'
import type { ConsoleLevel, EntryPoint, Sandbox, ScriptOutcome, Share } from '../sandbox/sandbox.ts'
import type { Sealer } from '../seal.ts'
import { createConsoleLog, type HandledEvent } from './console-log.ts'
import { createWorkerDirectory, type KnownWorker } from './directory.ts'
import { openEnv, overlayEnv, withoutShown } from './env.ts'
import { type ChainPlace, createHost, type HostDeps } from './host.ts'
import { createRecords } from './record.ts'
import { defaultLimits, type JsWorker, workerNotFound } from './worker.ts'

export type { ChainPlace } from './host.ts'

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
  /** Undefined where nobody in particular asks, as on a route or a schedule: the worker's makers alone. */
  readonly caller: Identity | undefined
  /**
   * Who the caller is by now, where a credential was presented: what the script asks for is refused once that has ended.
   * Absent: whoever its tokens' keys stand for.
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
  /** Of its js-result row, which is committed by now. */
  readonly id: number
  /** Never rejects. */
  readonly done: Promise<ScriptEnd>
}

/** Runs script workers, and leaves a js-result row of each run. */
export interface ScriptRunner {
  /**
   * Throws RpcError 105 (`js_worker_not_found`), 102 when the token of one of its makers is gone, and 108
   * (`inline_depth_exceeded`, `env_not_open`); whatever happens after that is in the outcome and in the row.
   */
  start(call: ScriptCall): Promise<StartedScript>
  /** The js-result row as JSON text. */
  read(id: number): Promise<string | undefined>
  /** Resolves as soon as nothing runs. */
  idle(): Promise<void>
}

export interface ScriptRunnerDeps extends HostDeps {
  readonly database: Database
  readonly sandbox: Pick<Sandbox, 'run'>
  readonly sealer: Sealer
  readonly clock: Clock
  /** This server's id, under which its runs are found when it dies. */
  owner(): Promise<string>
  /** Told of each line that a script writes to its console. */
  onConsole?(worker: string, level: string, text: string): void
}

const maxInlineDepth = 10
const maxResultDepth = 64

/** A run that has its record. */
interface Begun {
  readonly id: number
  readonly owner: string
  readonly worker: JsWorker
  readonly identity: Identity
  readonly env: unknown
  readonly params: string
  readonly chain: ChainPlace
}

export function createScriptRunner(deps: ScriptRunnerDeps): ScriptRunner {
  const { database, sandbox, sealer, clock } = deps
  const directory = createWorkerDirectory()
  const records = createRecords(database)
  const running = new Set<Promise<unknown>>()

  function track<T>(work: Promise<T>): Promise<T> {
    const settled = work.then(
      () => void running.delete(settled),
      () => void running.delete(settled),
    )
    running.add(settled)
    return work
  }

  async function identityOf({ owner }: JsWorker, caller: Identity | undefined): Promise<Identity> {
    const owned = await deps.recall(owner)
    return caller === undefined ? owned : intersectIdentities(caller, owned)
  }

  async function begin(call: ScriptCall): Promise<StartedScript> {
    if ((call.inlineDepth ?? 0) > maxInlineDepth) throw tooDeep()
    const known = directory.remembered(call.worker)
    const remembered = known && (await beginAs(call, known.worker, known))
    if (remembered !== undefined) return remembered
    const worker = await directory.read(database, call.worker)
    const started = worker && (await beginAs(call, worker))
    if (started === undefined) throw workerNotFound()
    return started
  }

  /** Undefined, and nothing has begun, when the worker was remembered and is not as it was. */
  async function beginAs(
    call: ScriptCall,
    worker: JsWorker,
    known?: KnownWorker,
  ): Promise<StartedScript | undefined> {
    const prepared = await prepare(call, worker).catch(async error => {
      if (known === undefined || (await directory.isCurrent(database, known))) throw error
    })
    if (prepared === undefined) return undefined
    const { params, chain, owner } = prepared
    const id = await records.begin({
      workerId: worker.id,
      workerName: worker.name,
      runType: call.runType,
      requestId: chain.requestId,
      startTime: clock(),
      param: call.recorded === undefined ? params : stringifyJson(call.recorded),
      owner,
      version: known?.version,
    })
    return id === undefined ? undefined : { id, done: track(run(call, { ...prepared, id })) }
  }

  async function prepare(call: ScriptCall, worker: JsWorker): Promise<Omit<Begun, 'id'>> {
    const identity = await identityOf(worker, call.caller)
    const given = call.env ?? {}
    const over = call.seesEnv === true ? withoutShown(given, worker.env) : given
    const env = overlayEnv(openEnv(worker.env, sealer), over, worker.open_env)
    const chain = call.chain ?? newChain(call.caller ?? identity)
    const params = stringifyJson(call.params ?? null)
    return { owner: await deps.owner(), worker, identity, env, params, chain }
  }

  async function run(call: ScriptCall, begun: Begun): Promise<ScriptEnd> {
    const { id, worker, chain } = begun
    const lines = createConsoleLog(deps, {
      id,
      worker,
      owner: begun.owner,
      requestId: chain.requestId,
      item: call.item,
    })

    function print(level: ConsoleLevel, text: string): void {
      deps.onConsole?.(worker.name, level, text)
      lines.add(level, text)
    }

    /** What a script asked for without awaiting it can fail the run no more. */
    function sayTooLate(name: string, error: unknown): void {
      const why = error instanceof Error ? error.message : String(error)
      print('error', `${name} failed after the run had returned, which did not await it: ${why}`)
      track(lines.close())
    }

    const identityNow = async (): Promise<Identity> => {
      const recalled = await deps.recall(originsOf(begun.identity))
      return call.callerNow === undefined ? recalled : intersectIdentities(await call.callerNow(), recalled)
    }
    const share = call.share ?? shareOf(worker)
    const host = createHost(deps, {
      identityNow,
      chain,
      fetchHosts: worker.fetch_hosts,
      inlineCall: (name, params, { by, timeoutMs, signal }) =>
        inlineCall({
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
        }),
    })
    const outcome = await sandbox.run({
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
      host: (name, args, signal) => track(host(name, args, signal)),
      onUnheard: sayTooLate,
      onConsole: print,
      ...(call.signal && { signal: call.signal }),
    })
    // Committed first: whoever follows the run has its lines before its end.
    await lines.close()
    return { id, ...(await end(begun, keepable(outcome))) }
  }

  async function inlineCall(call: ScriptCall): Promise<unknown> {
    const { done } = await start(call)
    const { id, outcome } = await done
    if (outcome.kind === 'returned') return new JsonText(outcome.result)
    throw new RpcError(outcome.reason, outcome.message, { js_result_id: id })
  }

  /** Writes the outcome, and answers what was written. */
  async function end({ id, owner }: Begun, outcome: ScriptOutcome): Promise<Omit<ScriptEnd, 'id'>> {
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
      deps.onError?.(error)
      if (!hasCode(error, 'invalid_input')) return { outcome, row: undefined }
      const refused = notKept('the database refused it')
      return await write(refused).catch(error => {
        deps.onError?.(error)
        return { outcome: refused, row: undefined }
      })
    }
  }

  const start = (call: ScriptCall): Promise<StartedScript> => track(begin(call))

  return {
    start,
    read: records.read,
    async idle() {
      while (running.size > 0) await Promise.all(running)
    },
  }
}

/** By the token that gave the source: those who changed the worker later, alone or together, make no further share. */
function shareOf({ name, owner: [maker] }: JsWorker): Share {
  return { owner: maker?.tokenKey ?? '', worker: name }
}

/** What a run begins belongs to its caller; without one, to the makers of the script. */
function newChain(by: Identity): ChainPlace {
  return { requestId: uuid(), owner: principalOf(by), nodeId: undefined, depth: 0 }
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

/** What PostgreSQL would refuse or change is no result. */
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

function tooDeep(): RpcError {
  const message = `inline_depth_exceeded: inline calls go at most ${maxInlineDepth} deep`
  return new RpcError('inline_depth_exceeded', message)
}
