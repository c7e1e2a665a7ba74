import { z } from 'zod'
import { recordTime } from '../../condition/value.ts'
import { stringifyJson } from '../../json.ts'
import { nameFault, nameSchema } from '../../permission/name.ts'
import { textCheck } from '../../text-check.ts'
import { envelopeSchema } from './envelope.ts'
import { bodySchemaOf, families } from './families.ts'
import { anyObject, type Family, guid, moment, openObject } from './member.ts'
import type { PendingEvent } from './pending.ts'

/** An event as a program publishes it, whichever way it was written. */
export interface Publication extends Omit<PendingEvent, 'timestamp'> {
  /** Epoch milliseconds; undefined: now. */
  readonly timestamp: number | undefined
}

/** What every event says, whatever its type: the common fields of UiPath Insights, and their names in a wire row. */
const common = {
  schemaVersion: z
    .string()
    .regex(/^\d{1,9}(\.\d{1,9}){2}$/, 'expected three numbers with dots between them')
    .default('0.0.1'),
  tenantKey: guid.optional().describe('Absent: that of this server'),
  tenantName: nameSchema.optional().describe('Absent: that of this server'),
  folderName: nameSchema.optional().describe('Absent: the last part of the full path'),
  folderPath: z.string().superRefine(textCheck(folderFault)).optional(),
  folderKey: guid.optional().describe('Absent: made from the full path'),
  diagnosticId: nameSchema.optional().describe('A W3C traceparent; absent: a new one'),
}

const commonMembers = {
  SchemaVersion: common.schemaVersion,
  Timestamp: moment
    .refine(text => recordTime.safeParse(Date.parse(text)).success, 'expected a year from 1 to 9999')
    .optional()
    .describe('When it happened; absent: now'),
  TenantKey: common.tenantKey,
  TenantName: common.tenantName,
  FolderName: common.folderName,
  FullFolderPath: common.folderPath.describe('Where it happened; absent: FolderName'),
  FolderKey: common.folderKey,
}

/** By their names in small letters. */
const commonNames: ReadonlyMap<string, string> = new Map(
  ['EventType', ...Object.keys(commonMembers)].map(name => [name.toLowerCase(), name]),
)

const [first, ...others] = families.map(bodyOf)

const bodySchema = z
  .discriminatedUnion('EventType', [first, ...others] as [Body, ...Body[]], {
    error: issue =>
      issue.code === 'invalid_union' ? 'expected an event type of UiPath Insights' : undefined,
  })
  .superRefine((body, context) => {
    for (const name of Object.keys(body)) {
      const meant = commonNames.get(name.toLowerCase())
      if (meant === undefined || meant === name) continue
      context.addIssue({ code: 'custom', message: `did you mean ${meant}?`, path: [name] })
    }
    if (body.FolderName !== undefined || body.FullFolderPath !== undefined) return
    context.addIssue({ code: 'custom', message: 'expected a string', path: ['FullFolderPath'] })
  })

type Body = ReturnType<typeof bodyOf>

function bodyOf({ types, members }: Family) {
  return openObject({ ...members, EventType: z.enum(types), ...commonMembers })
}

const { body: _, 'Diagnostic-Id': __, ...numbers } = envelopeSchema.partial().shape

/** An event in its envelope. It may bear the numbers that it had where it comes from; here it gets its own. */
const enveloped = z
  .strictObject({
    // Tells it from a row.
    event_type: z.undefined().optional().meta({ not: {} }),
    body: bodySchema.describe('The members of its type and the common fields'),
    ...numbers,
    'Diagnostic-Id': common.diagnosticId,
  })
  .transform(({ body, 'Diagnostic-Id': diagnostic_id }): Publication => {
    const { EventType, SchemaVersion, Timestamp, TenantKey, TenantName, ...rest } = body
    const { FolderName, FullFolderPath, FolderKey, ...members } = rest
    const given = {
      diagnostic_id,
      event_type: EventType,
      schema_version: SchemaVersion,
      timestamp: Timestamp === undefined ? undefined : Date.parse(Timestamp),
      tenant_key: TenantKey,
      tenant_name: TenantName,
      folder_name: FolderName,
      full_folder_path: FullFolderPath,
      folder_key: FolderKey,
    }
    return publicationOf(given, members)
  })

/** The same as a wire row, as queries and exports give it. */
const row = z
  .strictObject({
    sequence_number: numbers['x-opt-sequence-number'],
    offset: numbers['x-opt-offset'],
    enqueued_time: numbers['x-opt-enqueued-time'],
    diagnostic_id: common.diagnosticId,
    event_type: z.enum(families.flatMap(({ types }) => types)),
    schema_version: common.schemaVersion,
    timestamp: recordTime.optional().describe('When it happened, epoch ms; absent: now'),
    tenant_key: common.tenantKey,
    tenant_name: common.tenantName,
    folder_name: common.folderName,
    full_folder_path: common.folderPath.describe('Where it happened; absent: folder_name'),
    folder_key: common.folderKey,
    body: anyObject.describe('The members of its type'),
  })
  .transform((given, context): Publication => {
    if (given.folder_name === undefined && given.full_folder_path === undefined) {
      context.addIssue({ code: 'custom', message: 'expected a string', path: ['full_folder_path'] })
    }
    return publicationOf(given, membersOf(given.event_type, given.body as object, context))
  })

/** The body of a row, checked as that of its type. Common fields have places of their own in a row. */
function membersOf(eventType: string, body: object, context: z.RefinementCtx): unknown {
  for (const name of Object.keys(body)) {
    if (!commonNames.has(name.toLowerCase())) continue
    context.addIssue({ code: 'custom', message: 'a row has this beside its body', path: ['body', name] })
  }
  const parsed = bodySchemaOf(eventType)?.safeParse(body)
  for (const issue of parsed?.error?.issues ?? []) {
    context.addIssue({ ...issue, code: 'custom', path: ['body', ...issue.path] })
  }
  return parsed?.data
}

/** What `change-event_publish` takes: an event in its envelope, or the row that it is elsewhere. */
export const publicationSchema = z.preprocess(
  refusePrototype,
  z.discriminatedUnion('event_type', [enveloped, row]),
)

// JSON may name a member so; an object that is copied member by member loses it.
function refusePrototype(value: unknown, context: z.RefinementCtx): unknown {
  const path = findPrototype(value)
  if (path !== undefined) context.addIssue({ code: 'custom', message: 'unknown member', path: [...path] })
  return value
}

function findPrototype(value: unknown): readonly string[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  for (const [name, member] of Object.entries(value)) {
    const inside = name === '__proto__' ? [] : findPrototype(member)
    if (inside !== undefined) return [name, ...inside]
  }
  return undefined
}

/** What is written of it. `now`: epoch milliseconds. */
export function pendingOf(publication: Publication, now: number): PendingEvent {
  return { ...publication, timestamp: publication.timestamp ?? now }
}

type Given = Pick<Publication, 'event_type' | 'schema_version'> & {
  readonly [Name in Exclude<keyof Publication, 'body'>]?: Publication[Name] | undefined
}

function publicationOf(given: Given, members: unknown): Publication {
  const { diagnostic_id = null, tenant_key = null, tenant_name = null, folder_key = null } = given
  const full_folder_path = given.full_folder_path ?? given.folder_name ?? ''
  return {
    diagnostic_id,
    event_type: given.event_type,
    schema_version: given.schema_version,
    timestamp: given.timestamp,
    tenant_key,
    tenant_name,
    folder_name: given.folder_name ?? lastPart(full_folder_path),
    full_folder_path,
    folder_key,
    body: stringifyJson(members),
  }
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1) || path
}

/** A folder is named as anything is; ours stand before names that may have their full length. */
function folderFault(path: string): string | undefined {
  return nameFault(path) && nameFault(path.replace(/^(js-worker|event|machine)\//, ''))
}
