import { v7 as uuid } from 'uuid'
import { createRunning } from '../async/running.ts'
import { RpcError } from '../errors.ts'
import { stringifyJson } from '../json.ts'
import { type Identity, intersectIdentities } from '../permission/grant.ts'
import { principalOf } from '../permission/origin.ts'
import type { Sealer } from '../seal.ts'
import { createWorkerDirectory, type KnownWorker } from './directory.ts'
import { openEnv, overlayEnv, withoutShown } from './env.ts'
import type { ChainPlace } from './host.ts'
import { createRecords } from './record.ts'
import { type Begun, runScript, type ScriptCall, type ScriptRunDeps, type StartedScript } from './run.ts'
import { type JsWorker, workerNotFound } from './worker.ts'

/** Runs script workers, and leaves a js-result row of each run. */
export interface Scripts {
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

export interface ScriptDeps extends ScriptRunDeps {
  readonly sealer: Sealer
  /** This server's id, under which its runs are found when it dies. */
  owner(): Promise<string>
}

const maxInlineDepth = 10

export function createScripts(deps: ScriptDeps): Scripts {
  const { database, sealer, clock } = deps
  const directory = createWorkerDirectory()
  const records = createRecords(database)
  const running = createRunning()
  const { track } = running
  const parts = { ...deps, records, start, track }

  function start(call: ScriptCall): Promise<StartedScript> {
    return track(begin(call))
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
    return id === undefined ? undefined : { id, done: track(runScript(parts, call, { ...prepared, id })) }
  }

  async function prepare(call: ScriptCall, worker: JsWorker): Promise<Omit<Begun, 'id'>> {
    const makers = await deps.recall(worker.owner)
    const identity = call.caller === undefined ? makers : intersectIdentities(call.caller, makers)
    const given = call.env ?? {}
    const over = call.seesEnv === true ? withoutShown(given, worker.env) : given
    const env = overlayEnv(openEnv(worker.env, sealer), over, worker.open_env)
    const chain = call.chain ?? newChain(call.caller ?? identity)
    const params = stringifyJson(call.params ?? null)
    return { owner: await deps.owner(), worker, identity, env, params, chain }
  }

  return { start, read: records.read, idle: running.idle }
}

/** What a run begins belongs to its caller; without one, to the makers of the script. */
function newChain(by: Identity): ChainPlace {
  return { requestId: uuid(), owner: principalOf(by), nodeId: undefined, depth: 0 }
}

function tooDeep(): RpcError {
  const message = `inline_depth_exceeded: inline calls go at most ${maxInlineDepth} deep`
  return new RpcError('inline_depth_exceeded', message)
}
