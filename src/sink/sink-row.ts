import { type Selectable, type SelectExpression, sql } from 'kysely'
import type { Schema } from '../database/schema.ts'
import { parseJson, stringifyJson } from '../json.ts'
import type { Sealer } from '../seal.ts'
import type {
  FileSink,
  NatsCredentials,
  SinkDefinition,
  SinkFailure,
  SinkState,
  SinkTarget,
  StoredSink,
} from './sink.ts'

/** A row of the table with its condition as text: read as JSON by the driver, large numbers would be rounded. */
export type SinkRow = Omit<Selectable<Schema['sink']>, 'condition'> & { readonly condition_text: string }

const plain = [
  'id',
  'name',
  'resource',
  'target_kind',
  'target',
  'secrets',
  'format',
  'batch_size',
  'state',
  'fail_reason',
  'cursor',
  'failures',
  'last_error',
  'next_attempt_time',
  'delivered',
  'last_delivered',
  'owner',
  'created_time',
  'updated_time',
] as const satisfies readonly SelectExpression<Schema, 'sink'>[]

/** What `toSink` reads. */
export const sinkColumns = [...plain, sql<string>`condition::text`.as('condition_text')] as const

/** The columns of a definition. */
export function definitionColumns(definition: SinkDefinition, sealer: Sealer) {
  const { target } = definition
  const secrets = secretPart(target)
  return {
    name: definition.name,
    resource: definition.resource,
    condition: stringifyJson(definition.condition),
    target_kind: target.kind,
    target: JSON.stringify(openPart(target)),
    secrets: secrets === undefined ? null : sealer.seal(JSON.stringify(secrets)),
    format: definition.format,
    batch_size: definition.batchSize,
  }
}

function openPart(target: SinkTarget): object {
  if (target.kind === 'webhook') return { url: target.url }
  if (target.kind === 'file') return { name: target.name, maxBytes: target.maxBytes, keep: target.keep }
  return { servers: target.servers, stream: target.stream, subject: target.subject }
}

/** Headers are secrets too: most that somebody adds say who we are. */
function secretPart(target: SinkTarget): object | undefined {
  if (target.kind === 'webhook') return { secret: target.secret, headers: target.headers }
  return target.kind === 'nats' && target.credentials !== null ? target.credentials : undefined
}

export function toSink(row: SinkRow, sealer: Sealer): StoredSink {
  const secrets = openSecrets(row.secrets, sealer)
  return {
    id: row.id,
    name: row.name,
    resource: row.resource,
    condition: parseJson(row.condition_text) as readonly unknown[],
    target: toTarget(row, secrets ?? {}),
    // The table's check lets no other state in, and only we write the format.
    format: row.format as StoredSink['format'],
    batchSize: row.batch_size,
    state: row.state as SinkState,
    failReason: row.fail_reason as SinkFailure | null,
    cursor: row.cursor,
    failures: row.failures,
    lastError: row.last_error,
    nextAttemptTime: row.next_attempt_time?.getTime() ?? null,
    delivered: Number(row.delivered),
    lastDelivered: row.last_delivered?.getTime() ?? null,
    isLocked: secrets === undefined,
    createdTime: row.created_time.getTime(),
    updatedTime: row.updated_time.getTime(),
  }
}

type Secrets = Partial<{ secret: string | null; headers: Record<string, string> }> & Partial<NatsCredentials>

function toTarget({ target_kind: kind, target }: SinkRow, secrets: Secrets): SinkTarget {
  // Only we write it.
  const open = target as { url: string; servers: string[]; stream: string | null; subject: string }
  if (kind === 'file') return { kind, ...(target as Omit<FileSink, 'kind'>) }
  if (kind === 'webhook') {
    return { kind, url: open.url, secret: secrets.secret ?? null, headers: secrets.headers ?? {} }
  }
  const credentials = Object.keys(secrets).length === 0 ? null : (secrets as NatsCredentials)
  return { kind: 'nats', servers: open.servers, stream: open.stream, subject: open.subject, credentials }
}

/** Undefined when another key has sealed them. To throw here would stop every other sink as well. */
function openSecrets(sealed: string | null, sealer: Sealer): Secrets | undefined {
  try {
    return sealed === null ? {} : JSON.parse(sealer.open(sealed))
  } catch {
    return undefined
  }
}
