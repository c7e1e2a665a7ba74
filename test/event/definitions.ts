import type { Database } from '../../src/database/database.ts'
import {
  type HandlerDefinition,
  insertHandler,
  type StoredHandler,
} from '../../src/event/handler/handler-store.ts'
import type { Origin } from '../../src/permission/grant.ts'
import { compilePattern } from '../../src/permission/pattern.ts'
import { createSealer } from '../../src/seal.ts'

export const sealer = createSealer('s'.repeat(32))
export const now = Date.UTC(2026, 0, 1)
export const owner: readonly Origin[] = [{ tokenKey: 'key' }]

/** A definition for tests; what they do not care about is filled in. */
export function define(fullName: string, rest: Partial<HandlerDefinition> = {}): HandlerDefinition {
  return {
    fullName,
    sender: compilePattern('*'),
    eventType: compilePattern('events.NormalType'),
    target: { kind: 'remote' },
    retry: { limit: 2, delayMs: 1000, backoff: true },
    timeoutMs: 30_000,
    concurrency: null,
    schedule: null,
    enabled: true,
    description: null,
    ...rest,
  }
}

export function insert(
  database: Database,
  fullName: string,
  rest: Partial<HandlerDefinition> = {},
): Promise<StoredHandler> {
  return insertHandler(database, sealer, { definition: define(fullName, rest), owner, now })
}
