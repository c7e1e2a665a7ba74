import { z } from 'zod'
import { defineDefinition, type StoredOf, withoutFields } from '../definition/definition.ts'
import { createdTime, type Flag, flag, given, hidden, id, kept, updatedTime } from '../definition/field.ts'
import {
  listedSchedule,
  scheduleFlags,
  scheduleSchema,
  scheduleStorage,
  shownScheduleSchema,
} from '../definition/schedule.ts'
import { json, moment, momentOrNull } from '../definition/storage.ts'
import { RpcError } from '../errors.ts'
import { parseHostPattern } from '../outbound/host-pattern.ts'
import type { Action, Origin } from '../permission/grant.ts'
import type { bareKinds } from '../permission/limit.ts'
import { nameFault } from '../permission/name.ts'
import { maxNameLength } from '../permission/pattern.ts'
import { scriptBounds } from '../sandbox/sandbox.ts'
import { textCheck } from '../text-check.ts'
import { maskEnv, secretsKey } from './env.ts'

export const maxSourceBytes = 512 * 1024

// NodeGet's board shows it as a page in Markdown.
const maxDescriptionLength = 64 * 1024
const maxMembers = 100

/** What stands for null; milliseconds and bytes. */
export const defaultLimits = {
  runtime_clean_time: 60_000,
  max_run_time: 30_000,
  max_stack_size: 1024 * 1024,
  max_heap_size: 8 * 1024 * 1024,
} as const

/** The name of a worker; NodeGet's programs may send blanks around it. */
export const workerNameSchema = z.string().trim()

const routeNameSchema = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9._-]{1,128}$/, 'expected 1 to 128 of A-Z, a-z, 0-9, `.`, `_` and `-`')
  .refine(name => name !== '.' && name !== '..', 'must not be `.` or `..`')

const openMemberSchema = z
  .string()
  .min(1)
  .max(maxNameLength)
  .refine(name => name !== secretsKey, 'must not be `secrets`')

const hostSchema = z.string().max(255).superRefine(textCheck(hostFault))

/** Why `text` is no host that a script may be allowed to fetch from, or undefined when it is one. */
function hostFault(text: string): string | undefined {
  try {
    parseHostPattern(text)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : 'cannot be read'
  }
}

/** A limit of a worker's runs. NodeGet's programs say 0 or less for the default. */
function limit(highest: number, summary: string, flag: Flag) {
  const schema = z
    .int()
    .max(highest)
    .nullable()
    .transform(limit => (limit !== null && limit <= 0 ? null : limit))
    .default(null)
    .describe(`${summary}; null, 0 or less: the default`)
  return given(schema, { shown: z.int().nullable(), flags: [flag] })
}

const bytes = { value: 'number' } as const
const time = { value: 'duration' } as const

/** A stored script and how it may run; null in a limit stands for the default, elsewhere for none. */
export const jsWorker = defineDefinition({
  noun: 'script worker',
  title: 'js-worker',
  table: 'js_worker',
  isSpecial: true,
  key: 'name',
  answers: 'shown',
  listed: 'workers',
  adds: { update: { success: true }, delete: { rows_affected: 1 } },
  // NodeGet's programs send back all that they read,
  tolerated: ['id', 'create_at', 'update_at', 'next_fire_time'],
  // and look for these words.
  messages: { absent: 'js_worker not found', exists: 'js_worker already exists' },
  absent: 'js_worker_not_found',
  taken: { reason: 'route_name_in_use', path: 'route_name', message: 'The route name is in use' },
  permission: {
    scope: 'js_worker',
    permission: 'js_worker',
    verbs: { create: 'create', read: 'read', update: 'write', delete: 'delete', list: 'list_all_js_worker' },
  },
  fields: {
    id,
    name: given(workerNameSchema.superRefine(textCheck(nameFault)), {
      fixed: true,
      named: workerNameSchema,
      shown: z.string(),
      listed: { title: 'name' },
    }),
    js_script_base64: given(
      z
        .string()
        .max(Math.ceil(maxSourceBytes / 3) * 4)
        .describe('The source, an ES module in UTF-8, as base64'),
      {
        shown: z.string(),
        storage: {
          columns: ['source'],
          write: encoded => [Buffer.from(encoded, 'base64').toString()],
          read: ([source]) => Buffer.from(String(source)).toString('base64'),
        },
      },
    ),
    /** An ES module whose default export holds the entry points. */
    source: hidden<string>({ columns: ['source'], write: () => [], read: ([source]) => String(source) }),
    route_name: given(
      routeNameSchema.nullable().default(null).describe('Publishes onRoute under /worker-route/{route_name}'),
      {
        shown: z.string().nullable(),
        listed: { title: 'route' },
        flags: [
          flag('--route <name>', 'publish onRoute under /worker-route/<name>'),
          flag('--no-route', 'do not publish it any longer', { means: null, only: 'update' }),
        ],
      },
    ),
    env: given(
      z.unknown().default(null).describe('What the script gets; values under a key `secrets` are sealed'),
      {
        storage: json<unknown>(),
        shown: z.unknown().describe('Secrets are shown as "***"'),
        show: maskEnv,
        flags: [
          flag(
            '--env <json>',
            'what the script gets, or @file; values under a key "secrets" are never shown again',
            { value: 'json' },
          ),
        ],
      },
    ),
    runtime_clean_time: limit(
      24 * 60 * 60 * 1000,
      'Milliseconds that a runtime stays warm',
      flag('--runtime-clean-time <time>', 'how long a runtime stays warm; default: 60s', { ...time }),
    ),
    max_run_time: limit(
      300_000,
      'Milliseconds that a run may take',
      flag('--max-run-time <time>', 'how long a run may take; default: 30s', { ...time }),
    ),
    max_stack_size: limit(
      scriptBounds.maxStackBytes,
      'Bytes',
      flag('--max-stack-size <bytes>', 'default: 1 MiB', { ...bytes }),
    ),
    max_heap_size: limit(
      scriptBounds.maxHeapBytes,
      'Bytes',
      flag('--max-heap-size <bytes>', 'default: 8 MiB', { ...bytes }),
    ),
    fetch_hosts: given(
      z
        .array(hostSchema)
        .max(maxMembers)
        .nullable()
        .default(null)
        .describe('The only hosts that the script may fetch from'),
      {
        storage: json<readonly string[] | null>(),
        shown: z.array(z.string()).readonly().nullable(),
        flags: [
          flag('--fetch-host <host...>', 'the hosts that the script may fetch from'),
          flag('--no-fetch-host', 'do not let it fetch any longer', { means: null, only: 'update' }),
        ],
      },
    ),
    schedule: given(scheduleSchema.nullable().default(null).describe('Runs onCron'), {
      storage: scheduleStorage,
      shown: shownScheduleSchema,
      listed: listedSchedule,
      flags: [
        ...scheduleFlags,
        flag('--no-cron', 'do not run it by a schedule any longer', { means: null, only: 'update' }),
      ],
    }),
    open_env: given(
      z
        .array(openMemberSchema)
        .max(maxMembers)
        .nullable()
        .default(null)
        .describe('Members of env that a run may replace; null: none'),
      {
        storage: json<readonly string[] | null>(),
        shown: z.array(z.string()).readonly().nullable(),
        flags: [
          flag('--open-env <member...>', 'the members of env that a run may replace'),
          flag('--no-open-env', 'do not let runs replace members of env', { means: null, only: 'update' }),
        ],
      },
    ),
    description: given(
      z.string().max(maxDescriptionLength).nullable().default(null).describe('What it is for'),
      {
        flags: [
          flag('--description <text>', 'what it is for; an empty text removes it', { value: 'textOrNull' }),
        ],
      },
    ),
    next_fire_time: kept(z.int().nullable().describe('Epoch milliseconds'), {
      storage: momentOrNull(),
      listed: { title: 'next' },
    }),
    /** Everybody who shaped it since its source was last given: its scripts may do what all of them may. */
    owner: hidden(json<readonly Origin[]>()),
    create_at: { ...createdTime, storage: moment('created_time') },
    update_at: { ...updatedTime, storage: moment('updated_time'), listed: { title: 'updated' } },
  },
  methods: {
    create: ['js-worker_create', 'Stores a script worker'],
    update: [
      'js-worker_update',
      'Changes the given members of a script worker, which then does what all who have shaped it may; a new script makes it the caller’s own',
    ],
    delete: ['js-worker_delete', 'Deletes a script worker; the records of its runs stay'],
    read: ['js-worker_read', 'Shows a script worker, its secrets as "***"'],
    list: ['js-worker_list', 'Lists the script workers that the caller may list, by name'],
  },
  command: {
    name: 'workers',
    summary: 'manage and run the script workers of a server',
    none: 'no script workers; daybook workers add makes one',
    verbs: {
      list: ['list', 'show all script workers'],
      delete: ['rm', 'delete a script worker; the records of its runs stay'],
    },
  },
})

/** A worker as it is stored; times in epoch milliseconds. */
export type StoredWorker = StoredOf<typeof jsWorker>

/** What a list shows of a worker: neither its source nor its env. */
export const listedWorker = {
  ...withoutFields(jsWorker, 'js_script_base64', 'source', 'env', 'owner'),
  title: 'js-worker_summary',
}

/** What a run needs of a worker. */
export const runnableWorker = withoutFields(jsWorker, 'js_script_base64')
export type JsWorker = StoredOf<typeof runnableWorker>

/** What is done to a script worker; the scope says to which. */
export function workerAction(verb: (typeof bareKinds)['js_worker'][number]): Action {
  return { scope: 'js_worker', permission: 'js_worker', verb }
}

/** 105; `path`: the parameter that named it. */
export function workerNotFound(path?: string): RpcError {
  const { absent, messages } = jsWorker
  return new RpcError(absent, messages?.absent ?? '', { ...(path !== undefined && { path }) })
}
