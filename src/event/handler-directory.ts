import type { Database, Runner } from '../database/database.ts'
import { readDefinitionVersion } from '../database/definition-version.ts'
import type { Sealer } from '../seal.ts'
import { type Handler, takesEvent } from './handler.ts'
import { listHandlers } from './handler-store.ts'

/** The handlers at one moment. */
export interface Handlers {
  /** In order of full_name. */
  readonly all: readonly Handler[]
  byName(fullName: string): Handler | undefined
  /** The enabled ones that take such an event, in order of full_name. */
  matching(sender: string, eventType: string): readonly Handler[]
}

/** Remembers the handlers, so that an event costs one tiny query and not a reading of them all. */
export interface HandlerDirectory {
  /**
   * Every handler, as `runner` sees it now. Not for a transaction that changes handlers itself: were it rolled back,
   * what it had made would stay in memory.
   */
  current(runner: Runner): Promise<Handlers>
  /**
   * Runs `work` in a transaction with the handlers that are remembered, while it is asked whether they are still right;
   * when they are not, what was done is rolled back and done again. The same as `current`, one round trip sooner.
   */
  transaction<T>(database: Database, work: (runner: Runner, handlers: Handlers) => Promise<T>): Promise<T>
  /**
   * The same for work that first asks something about the handlers, such as what their makers may: `prepare` runs outside
   * of the transaction, which an engine with one connection would else wait for in vain.
   */
  preparedTransaction<P, T>(
    database: Database,
    prepare: (handlers: Handlers) => Promise<P>,
    work: (runner: Runner, handlers: Handlers, prepared: P) => Promise<T>,
  ): Promise<T>
}

export function createHandlerDirectory(sealer: Sealer): HandlerDirectory {
  let known: Known | undefined

  async function load(runner: Runner): Promise<Known> {
    // The version first: handlers that are newer than it are only read once more, older ones would stay.
    const version = await readDefinitionVersion(runner)
    if (known !== undefined && known.version === version) return known
    known = { version, handlers: indexHandlers(await listHandlers(runner, sealer)) }
    return known
  }

  const current = async (runner: Runner): Promise<Handlers> => (await load(runner)).handlers

  async function prepareWith<P>(
    database: Database,
    prepare: (handlers: Handlers) => Promise<P>,
  ): Promise<{ readonly assumed: Known; readonly prepared: P }> {
    for (let assumed = known ?? (await load(database)); ; ) {
      try {
        return { assumed, prepared: await prepare(assumed.handlers) }
      } catch (error) {
        const fresh = await load(database)
        // What fails with handlers that have changed may go well with those that are there now.
        if (fresh === assumed) throw error
        assumed = fresh
      }
    }
  }

  return {
    current,
    async transaction(database, work) {
      const assumed = known
      if (assumed === undefined) {
        return database.transaction(async runner => work(runner, await current(runner)))
      }
      try {
        return await database.transaction(async runner => {
          const [result, version] = await Promise.all([
            work(runner, assumed.handlers),
            readDefinitionVersion(runner),
          ])
          if (version !== assumed.version) throw outdated
          return result
        })
      } catch (error) {
        if (error !== outdated) throw error
        return database.transaction(async runner => work(runner, await current(runner)))
      }
    },
    async preparedTransaction(database, prepare, work) {
      for (;;) {
        const { assumed, prepared } = await prepareWith(database, prepare)
        try {
          return await database.transaction(async runner => {
            // Not at the same time: behind a statement that fails, the answer would be another fault.
            if ((await readDefinitionVersion(runner)) !== assumed.version) throw outdated
            return work(runner, assumed.handlers, prepared)
          })
        } catch (error) {
          if (error !== outdated) throw error
          await load(database)
        }
      }
    },
  }
}

interface Known {
  readonly version: number
  readonly handlers: Handlers
}

/** Rolls back what was done with handlers that have changed. */
const outdated = new Error('the handlers have changed')

function indexHandlers(all: readonly Handler[]): Handlers {
  const names = new Map(all.map(handler => [handler.fullName, handler]))
  return {
    all,
    byName: fullName => names.get(fullName),
    matching: (sender, eventType) => all.filter(handler => takesEvent(handler, sender, eventType)),
  }
}
