import type { Selectable } from 'kysely'
import type { Schema } from '../../database/schema.ts'
import type { Origin } from '../../permission/grant.ts'
import { compilePattern } from '../../permission/pattern.ts'
import type { Schedule } from '../../schedule/cron.ts'
import type { Sealer } from '../../seal.ts'
import type { Handler, Target } from './handler.ts'

/** What whoever defines a handler decides. */
export type HandlerDefinition = Omit<Handler, 'id' | 'owner'>

/** A handler with its times, epoch milliseconds. */
export interface StoredHandler extends Handler {
  /** When its schedule is due; null without one, or while it is disabled. */
  readonly nextFireTime: number | null
  readonly createdTime: number
  readonly updatedTime: number
}

/** The columns of a definition, its secrets apart; equal columns mean the same definition. */
export function definitionColumns(definition: HandlerDefinition) {
  const { fullName, sender, eventType, target, retry, schedule } = definition
  return {
    full_name: fullName,
    sender: sender.text,
    event_type: eventType.text,
    target_kind: target.kind,
    target: JSON.stringify(openPart(target)),
    retry_limit: retry.limit,
    retry_delay_ms: retry.delayMs,
    retry_backoff: retry.backoff,
    timeout_ms: definition.timeoutMs,
    concurrency: definition.concurrency,
    schedule_cron: schedule?.cron ?? null,
    schedule_tz: schedule?.tz ?? null,
    enabled: definition.enabled,
    description: definition.description,
  }
}

function openPart(target: Target): object {
  if (target.kind === 'webhook') return { url: target.url }
  return target.kind === 'js_worker' ? { name: target.name } : {}
}

/** The sealed secrets of a webhook; of any other target there are none. */
export function sealedSecrets(target: Target, sealer: Sealer): string | null {
  return target.kind === 'webhook' ? sealer.seal(JSON.stringify(target.secrets)) : null
}

export function toHandler(row: Selectable<Schema['event_handler']>, sealer: Sealer): StoredHandler {
  return {
    id: row.id,
    fullName: row.full_name,
    sender: compilePattern(row.sender),
    eventType: compilePattern(row.event_type),
    target: toTarget(row, sealer),
    retry: { limit: row.retry_limit, delayMs: row.retry_delay_ms, backoff: row.retry_backoff },
    timeoutMs: row.timeout_ms,
    concurrency: row.concurrency,
    schedule: toSchedule(row.schedule_cron, row.schedule_tz),
    enabled: row.enabled,
    description: row.description,
    owner: row.owner as readonly Origin[],
    nextFireTime: row.next_fire_time?.getTime() ?? null,
    createdTime: row.created_time.getTime(),
    updatedTime: row.updated_time.getTime(),
  }
}

function toTarget(row: Selectable<Schema['event_handler']>, sealer: Sealer): Target {
  // The table's check lets no other kind in, and only we write what stands beside it.
  const kind = row.target_kind as Target['kind']
  const { name = '', url = '' } = row.target as { name?: string; url?: string }
  if (kind === 'js_worker') return { kind, name }
  return kind === 'webhook' ? { kind, url, secrets: openSecrets(row.secrets, sealer) } : { kind }
}

/**
 * Secrets that another key has sealed are as good as lost: with none its webhook cannot be signed until it is given a
 * new one. To throw here would stop every other handler as well.
 */
function openSecrets(sealed: string | null, sealer: Sealer): readonly string[] {
  try {
    return sealed === null ? [] : JSON.parse(sealer.open(sealed))
  } catch {
    return []
  }
}

function toSchedule(cron: string | null, tz: string | null): Schedule | null {
  return cron === null || tz === null ? null : { cron, tz }
}
