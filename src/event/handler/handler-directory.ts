import type { Database, Runner } from '../../database/database.ts'
import { readDefinitionVersion } from '../../database/definition-version.ts'
import { createStore } from '../../definition/store.ts'
import type { Sealer } from '../../seal.ts'
import { eventHandler, type Handler, takesEvent } from './handler.ts'

/** The handlers at one moment. */
export interface Handlers {
  /** The version of the definitions: a statement that finds another one must change nothing and throw `outdated`. */
  readonly version: number
  /** In order of full_name. */
  readonly all: readonly Handler[]
  byName(fullName: string): Handler | undefined
  /** Those that are enabled and take such an event, in order of full_name. */
  matching(sender: string, eventType: string): readonly Handler[]
}

/** Thrown by work that meets handlers that have changed since they were read. */
export const outdated = new Error('the handlers have changed')

/** Remembers the handlers, so that an event compares one number instead of reading them all. */
export interface HandlerDirectory {
  /**
   * Every handler, as `runner` sees it now. Do not call it in a transaction that changes handlers: after a rollback the
   * changes would stay in memory.
   */
  current(runner: Runner): Promise<Handlers>
  /**
   * Does `work` with the remembered handlers, and again with the current ones when it throws `outdated`. `prepare` asks
   * beforehand what the work needs to know of the handlers, such as what their makers may do: inside the transaction an
   * engine with one connection would wait for ever.
   */
  use<P, T>(
    database: Database,
    prepare: (handlers: Handlers) => P | Promise<P>,
    work: (handlers: Handlers, prepared: P) => Promise<T>,
  ): Promise<T>
}

export function createHandlerDirectory(sealer: Sealer): HandlerDirectory {
  const store = createStore(eventHandler, sealer)
  let known: Handlers | undefined

  async function current(runner: Runner): Promise<Handlers> {
    // The version first: handlers that are newer than it are only read again, older ones would stay.
    const version = await readDefinitionVersion(runner)
    if (known?.version === version) return known
    known = indexHandlers(version, await store.list(runner))
    return known
  }

  return {
    current,
    async use(database, prepare, work) {
      for (let handlers = known ?? (await current(database)); ; ) {
        let isPrepared = false
        try {
          const prepared = await prepare(handlers)
          isPrepared = true
          return await work(handlers, prepared)
        } catch (error) {
          if (isPrepared && error !== outdated) throw error
          const fresh = await current(database)
          // The handlers may have changed: what fails with the old ones may work with the current ones.
          if (fresh === handlers && error !== outdated) throw error
          handlers = fresh
        }
      }
    },
  }
}

function indexHandlers(version: number, all: readonly Handler[]): Handlers {
  const names = new Map(all.map(handler => [handler.full_name, handler]))
  return {
    version,
    all,
    byName: fullName => names.get(fullName),
    matching: (sender, eventType) => all.filter(handler => takesEvent(handler, sender, eventType)),
  }
}
