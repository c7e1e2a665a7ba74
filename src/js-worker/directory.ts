import { LRUCache } from 'lru-cache'
import type { Runner } from '../database/database.ts'
import { readDefinitionVersion } from '../database/definition-version.ts'
import { rawStatement } from '../database/statement.ts'
import { createStore } from '../definition/store.ts'
import { stringifyJson } from '../json.ts'
import { type JsWorker, runnableWorker } from './worker.ts'

/** A worker, and the version of the definitions that it was read with. */
export interface KnownWorker {
  readonly version: number
  readonly worker: JsWorker
}

/** Characters of sources and envs that are kept. */
const maxSize = 32 * 1024 * 1024

/** The workers that ran last, so that a run need not read its source again. */
export function createWorkerDirectory() {
  const known = new LRUCache<string, KnownWorker>({
    maxSize,
    sizeCalculation: ({ worker }) => worker.source.length + stringifyJson(worker.env).length,
  })

  return {
    /** The worker as it was when it was read last. */
    remembered: (name: string) => known.get(name),
    /** Whether it is still the same. */
    isCurrent: async (runner: Runner, { version }: KnownWorker) =>
      version === (await readDefinitionVersion(runner)),
    /** The worker as it is now. Must not be called inside a transaction that changes workers: it may roll back. */
    async read(runner: Runner, name: string): Promise<JsWorker | undefined> {
      known.delete(name)
      const loaded = await load(runner, name)
      if (loaded !== undefined) known.set(name, loaded)
      return loaded?.worker
    },
  }
}

const store = createStore(runnableWorker)

// One statement, so that version and worker are of the same moment.
const select = rawStatement(
  `select (select version from definition_version), ${store.columns} from ${runnableWorker.table} where name = $1`,
)

async function load({ run }: Pick<Runner, 'run'>, name: string): Promise<KnownWorker | undefined> {
  const [row] = (await run(select, [name])).rows
  return row && { version: Number(row[0]), worker: store.read(row.slice(1)) }
}

const findRoute = rawStatement(`select name from ${runnableWorker.table} where route_name = $1`)

/** The worker of a published route. */
export async function findRouteWorker(
  { run }: Pick<Runner, 'run'>,
  routeName: string,
): Promise<string | undefined> {
  const [row] = (await run(findRoute, [routeName])).rows
  return row && String(row[0])
}
