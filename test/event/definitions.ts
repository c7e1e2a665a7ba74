import type { Database } from '../../src/database/database.ts'
import { createStore } from '../../src/definition/store.ts'
import { eventHandler, type Handler, type HandlerDefinition } from '../../src/event/handler/handler.ts'
import { fireTimeOf } from '../../src/event/handler/handler-change.ts'
import type { Origin } from '../../src/permission/grant.ts'
import { compilePattern } from '../../src/permission/pattern.ts'
import { createSealer } from '../../src/seal.ts'

export const sealer = createSealer('s'.repeat(32))
export const handlers = createStore(eventHandler, sealer)
export const now = Date.UTC(2026, 0, 1)
export const owner: readonly Origin[] = [{ tokenKey: 'key' }]

/** A definition for tests; what they do not care about is filled in. */
export function define(fullName: string, rest: Partial<HandlerDefinition> = {}): HandlerDefinition {
  return {
    full_name: fullName,
    sender: compilePattern('*'),
    event_type: compilePattern('events.NormalType'),
    target: { kind: 'remote' },
    secrets: [],
    retry: { limit: 2, delay_ms: 1000, backoff: true },
    timeout_ms: 30_000,
    concurrency: null,
    schedule: null,
    enabled: true,
    description: null,
    ...rest,
  }
}

/** Throws Error when there is a handler of this name. */
export async function insert(
  database: Pick<Database, 'run'>,
  fullName: string,
  rest: Partial<HandlerDefinition> = {},
): Promise<Handler> {
  const definition = define(fullName, rest)
  const made = { ...definition, owner, next_fire_time: fireTimeOf(definition, now) }
  const inserted = await handlers.insert(database, made, now)
  if (inserted === undefined) throw new Error('there is a handler of this name')
  return inserted
}
