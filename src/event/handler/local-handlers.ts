import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../../async/clock.ts'
import type { Database } from '../../database/database.ts'
import { createStore } from '../../definition/store.ts'
import type { Origin } from '../../permission/grant.ts'
import type { Sealer } from '../../seal.ts'
import { eventHandler, type HandlerDefinition } from './handler.ts'
import { changeOf, fireTimeOf } from './handler-change.ts'
import { type LocalHandler, parseLocalModule } from './local-definition.ts'

export type { LocalContext, LocalEvent, LocalHandler } from './local-definition.ts'

const isModule = /^[^.].*\.m?[jt]s$/
const isDeclaration = /\.d\.m?ts$/

/**
 * Imports every module directly in the folder (`*.js`, `*.mjs`, `*.ts`, `*.mts`, in order of their names) and gives their
 * default exports by full name. `timezone`: for schedules that name none.
 * Throws Error that lists every fault of every file, one a line.
 */
export async function loadLocalHandlers(
  folder: string,
  timezone = 'UTC',
): Promise<ReadonlyMap<string, LocalHandler>> {
  const handlers = new Map<string, LocalHandler>()
  const fileOf = new Map<string, string>()
  const faults: string[] = []
  for (const file of await moduleFiles(folder)) {
    const parsed = await parseFile(file, timezone)
    if ('faults' in parsed) {
      faults.push(...parsed.faults.map(fault => `${file}: ${fault}`))
      continue
    }
    const { full_name: fullName } = parsed.handler.definition
    const other = fileOf.get(fullName)
    if (other !== undefined) faults.push(`${file}: default.fullName: ${other} has the same`)
    fileOf.set(fullName, file)
    handlers.set(fullName, parsed.handler)
  }
  if (faults.length > 0) throw new Error(`the local handlers cannot be used:\n${faults.join('\n')}`)
  return handlers
}

async function moduleFiles(folder: string): Promise<readonly string[]> {
  try {
    const names = (await readdir(folder)).filter(name => isModule.test(name) && !isDeclaration.test(name))
    const files = names.toSorted().map(name => join(folder, name))
    const areFiles = await Promise.all(files.map(async file => (await stat(file)).isFile()))
    return files.filter((_, i) => areFiles[i])
  } catch (error) {
    throw new Error(`the folder of local handlers cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

async function parseFile(file: string, timezone: string): Promise<ReturnType<typeof parseLocalModule>> {
  try {
    const module = await import(pathToFileURL(resolve(file)).href)
    return parseLocalModule(module.default, timezone)
  } catch (error) {
    return { faults: [`cannot be imported: ${messageOf(error)}`] }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

export interface LocalHandlersOptions {
  readonly database: Database
  readonly sealer: Sealer
  readonly clock: Clock
  /** Who the handlers act for. */
  readonly owner: readonly Origin[]
}

/**
 * Stores the local handlers at start: new ones are inserted, changed ones are updated but stay enabled or disabled as they
 * were. Any number of servers may do so at once. Throws Error when a handler with another target has the same name.
 */
export async function storeLocalHandlers(
  options: LocalHandlersOptions,
  handlers: ReadonlyMap<string, LocalHandler>,
): Promise<void> {
  const taken: string[] = []
  // One transaction each: servers that lock several handlers could wait for each other.
  for (const { definition } of handlers.values()) {
    let stored = await storeOne(options, definition)
    // Another server was faster; its handler can be read now.
    while (stored === 'overtaken') stored = await storeOne(options, definition)
    if (stored === 'taken') taken.push(definition.full_name)
  }
  if (taken.length === 0) return
  throw new Error(`stored handlers of another target have the names of local ones: ${taken.join(', ')}`)
}

type Stored = 'stored' | 'taken' | 'overtaken'

function storeOne(
  { database, sealer, clock, owner }: LocalHandlersOptions,
  definition: HandlerDefinition,
): Promise<Stored> {
  const store = createStore(eventHandler, sealer)
  return database.transaction(async runner => {
    const now = clock()
    const before = await store.lock(runner, definition.full_name)
    if (before === undefined) {
      const made = { ...definition, owner, next_fire_time: fireTimeOf(definition, now) }
      // No second look in this transaction: an insert that does nothing has locked the version all the same, and the
      // server that holds the handler waits for that lock.
      return (await store.insert(runner, made, now)) === undefined ? 'overtaken' : 'stored'
    }
    if (before.target.kind !== 'local') return 'taken'
    const change = changeOf(before, { ...definition, enabled: before.enabled }, now)
    // A super token that was replaced grants nothing any more: its handlers get the new one.
    if (Object.keys(change).length === 0 && isDeepStrictEqual(before.owner, owner)) return 'stored'
    await store.update(runner, before.full_name, { ...change, owner }, now)
    return 'stored'
  })
}
