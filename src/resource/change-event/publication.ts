import { z } from 'zod'
import { recordTime } from '../../condition/value.ts'
import { stringifyJson } from '../../json.ts'
import { nameSchema } from '../../permission/name.ts'
import { families } from './families.ts'
import type { Family } from './family.ts'
import { guid, moment } from './member.ts'
import type { PendingEvent } from './pending.ts'

/** What every event says, whatever its type (seed 004, common fields). */
const commonMembers = {
  SchemaVersion: z
    .string()
    .regex(/^\d{1,9}(\.\d{1,9}){2}$/, 'expected three numbers with dots between them')
    .default('0.0.1'),
  Timestamp: moment
    .refine(text => recordTime.safeParse(Date.parse(text)).success, 'expected a year from 1 to 9999')
    .optional()
    .describe('When it happened; absent: now'),
  TenantKey: guid.optional().describe('Absent: that of this server'),
  TenantName: nameSchema.optional().describe('Absent: that of this server'),
  FolderName: nameSchema.optional().describe('Absent: the last part of FullFolderPath'),
  FullFolderPath: nameSchema.optional().describe('Where it happened; absent: FolderName'),
  FolderKey: guid.optional().describe('Absent: made from FullFolderPath'),
}

const [first, ...others] = families.map(bodyOf)

const bodySchema = z
  .discriminatedUnion('EventType', [first, ...others] as [Body, ...Body[]], {
    error: issue => (issue.code === 'invalid_union' ? 'expected an event type of seed 004' : undefined),
  })
  .superRefine(({ FolderName, FullFolderPath }, context) => {
    if (FolderName !== undefined || FullFolderPath !== undefined) return
    context.addIssue({ code: 'custom', message: 'expected a string', path: ['FullFolderPath'] })
  })

/** An event as a program publishes it: its envelope without what the server adds. */
export const publicationSchema = z.strictObject({
  body: bodySchema.describe('The members of its type and the common fields'),
  'Diagnostic-Id': nameSchema.optional().describe('A W3C traceparent; absent: a new one'),
})

export type Publication = z.output<typeof publicationSchema>

type Body = ReturnType<typeof bodyOf>

function bodyOf({ types, members }: Family) {
  return z.strictObject({ ...members, EventType: z.enum(types), ...commonMembers })
}

/** What is written of it. `now`: epoch milliseconds. */
export function pendingOf({ body, 'Diagnostic-Id': diagnosticId }: Publication, now: number): PendingEvent {
  const { EventType, SchemaVersion, Timestamp, TenantKey, TenantName, ...rest } = body
  const { FolderName, FullFolderPath, FolderKey, ...members } = rest
  return {
    diagnosticId: diagnosticId ?? null,
    eventType: EventType,
    schemaVersion: SchemaVersion,
    timestamp: Timestamp === undefined ? now : Date.parse(Timestamp),
    tenantKey: TenantKey ?? null,
    tenantName: TenantName ?? null,
    folderName: FolderName ?? lastPart(folderOf(body)),
    fullFolderPath: folderOf(body),
    folderKey: FolderKey ?? null,
    body: stringifyJson(members),
  }
}

/** The full path of the folder that the event is published to: the name by which it is permitted. */
function folderOf({ FullFolderPath, FolderName }: Publication['body']): string {
  return FullFolderPath ?? FolderName ?? ''
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1) || path
}
