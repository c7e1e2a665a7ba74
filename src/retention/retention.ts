import { repeat } from '../async/repeat.ts'
import type { Database } from '../database/database.ts'
import { type ChangePeriods, pruneChanges } from './prune.ts'
import { type RuleRunDeps, runNextRule } from './run-rule.ts'

export interface RetentionOptions extends Omit<RuleRunDeps, 'everyMs' | 'onDeleted'>, ChangePeriods {
  readonly database: Database
  /** How often the rules are applied, in milliseconds; default: a minute. */
  readonly everyMs?: number
  /** Called after rules have deleted records. */
  onExpired?(resource: string, rows: number): void
}

/** Deletes old records, and old changes that are kept for clients that resume. */
export interface Retention {
  /** Resolves once the batch under way has ended. */
  close(): Promise<void>
}

const minute = 60_000

/** Every server of a database may start it: one works at a time. */
export function startRetention(options: RetentionOptions): Retention {
  const { database, keepMs, sinkKeepMs, eventKeepMs, everyMs = minute, onExpired, onError } = options
  const stopping = new AbortController()
  const { signal } = stopping
  const deps: RuleRunDeps = {
    ...options,
    everyMs,
    onDeleted: ({ name }, rows) => onExpired?.(name, rows),
  }

  async function applyRules(): Promise<void> {
    while (!signal.aborted && (await runNextRule(deps, signal)));
  }

  const tidy = (): Promise<void> => pruneChanges(database, { keepMs, sinkKeepMs, eventKeepMs }, signal)
  const repeated = [repeat(everyMs, applyRules, onError), repeat(everyMs, tidy, onError)]
  return {
    async close() {
      stopping.abort()
      await Promise.all(repeated.map(each => each.stop()))
    },
  }
}
