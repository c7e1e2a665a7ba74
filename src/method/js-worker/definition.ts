import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import { invalidInput, invalidParams } from '../../errors.ts'
import { secretsKey } from '../../js-worker/env.ts'
import { fetchHostFault } from '../../js-worker/fetch-host.ts'
import { highestLimits, type WorkerDefinition } from '../../js-worker/worker.ts'
import { stringifyJson } from '../../json.ts'
import { maxNameLength } from '../../permission/pattern.ts'
import { cronFault, maxCronLength, nextFire } from '../../schedule/cron.ts'
import { timeZoneFault } from '../../schedule/time-zone.ts'
import { textCheck } from '../../text-check.ts'
import type { JsWorkerDeps } from './worker-method.ts'

const maxSourceBytes = 512 * 1024
const maxEnvLength = 256 * 1024
const maxFetchHosts = 100
const maxOpenEnv = 100

const routeNameSchema = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9._-]{1,128}$/, 'expected 1 to 128 of A-Z, a-z, 0-9, `.`, `_` and `-`')
  .refine(name => name !== '.' && name !== '..', 'must not be `.` or `..`')

// NodeGet's board shows it as a page in Markdown.
const maxDescriptionLength = 64 * 1024

const fetchHostSchema = z.string().max(255).superRefine(textCheck(fetchHostFault))

const openEnvSchema = z
  .string()
  .min(1)
  .max(maxNameLength)
  .refine(name => name !== secretsKey, 'must not be `secrets`')

const scheduleSchema = z.strictObject({
  cron: z.string().max(maxCronLength).superRefine(textCheck(cronFault)),
  tz: z.string().max(64).superRefine(textCheck(timeZoneFault)).optional(),
})

/** NodeGet's programs say 0 or less for the default. */
function limitSchema(highest: number, summary: string) {
  return z
    .int()
    .max(highest)
    .nullish()
    .transform(limit => (typeof limit === 'number' && limit <= 0 ? null : limit))
    .describe(`${summary}; null, 0 or less: the default`)
}

/** What is said of a worker beside its name; null stands for none or for the default. */
export const definitionShape = {
  js_script_base64: z
    .string()
    .max(Math.ceil(maxSourceBytes / 3) * 4)
    .describe('The source, an ES module in UTF-8, as base64'),
  route_name: routeNameSchema.nullish().describe('Publishes onRoute under /worker-route/{route_name}'),
  env: z.unknown().optional().describe('What the script gets; values under a key `secrets` are sealed'),
  runtime_clean_time: limitSchema(highestLimits.runtimeCleanTime, 'Milliseconds that a runtime stays warm'),
  max_run_time: limitSchema(highestLimits.maxRunTime, 'Milliseconds that a run may take'),
  max_stack_size: limitSchema(highestLimits.maxStackSize, 'Bytes'),
  max_heap_size: limitSchema(highestLimits.maxHeapSize, 'Bytes'),
  fetch_hosts: z
    .array(fetchHostSchema)
    .max(maxFetchHosts)
    .nullish()
    .describe('The only hosts that the script may fetch from'),
  schedule: scheduleSchema.nullish().describe('Runs onCron'),
  open_env: z
    .array(openEnvSchema)
    .max(maxOpenEnv)
    .nullish()
    .describe('Members of env that a run may replace; null: none'),
  description: z.string().max(maxDescriptionLength).nullish().describe('What it is for'),
}

/** The same, none of it required. */
export const changeShape = z.strictObject(definitionShape).partial().shape

/** What js-worker_read shows beside it: NodeGet's programs send back all that they read. */
export const readMembers: readonly string[] = ['id', 'create_at', 'update_at', 'next_fire_time']

type Given = z.infer<z.ZodObject<typeof changeShape>>

/**
 * The members that are given, checked as far as that goes without the database; the env's secrets are not sealed yet.
 * Throws RpcError -32602 and 108 (`script_too_large`, `script_syntax_error`, `env_too_large`).
 */
export async function readDefinition(
  given: Given,
  { sandbox, clock, timezone }: JsWorkerDeps,
): Promise<Partial<WorkerDefinition>> {
  const { js_script_base64: encoded, env, schedule } = given
  if (env !== undefined && stringifyJson(env).length > maxEnvLength) {
    throw invalidInput('env', `must have at most ${maxEnvLength} characters as JSON`, 'env_too_large')
  }
  const timed = schedule && { cron: schedule.cron, tz: schedule.tz ?? timezone }
  return {
    ...(encoded !== undefined && { source: await readSource(encoded, sandbox) }),
    ...(given.description !== undefined && { description: given.description }),
    ...(given.route_name !== undefined && { routeName: given.route_name }),
    ...(env !== undefined && { env }),
    ...(given.open_env !== undefined && { openEnv: given.open_env }),
    ...(given.runtime_clean_time !== undefined && { runtimeCleanTime: given.runtime_clean_time }),
    ...(given.max_run_time !== undefined && { maxRunTime: given.max_run_time }),
    ...(given.max_stack_size !== undefined && { maxStackSize: given.max_stack_size }),
    ...(given.max_heap_size !== undefined && { maxHeapSize: given.max_heap_size }),
    ...(given.fetch_hosts !== undefined && { fetchHosts: given.fetch_hosts }),
    ...(timed !== undefined && {
      schedule: timed,
      nextFireTime: timed === null ? null : nextFire(timed, clock()),
    }),
  }
}

const sourcePath = 'js_script_base64'

async function readSource(encoded: string, sandbox: JsWorkerDeps['sandbox']): Promise<string> {
  const bytes = Buffer.from(encoded, 'base64')
  // Node skips what is not base64; what it read gives the same text only when all of it was.
  if (bytes.toString('base64') !== encoded) throw invalidParams(sourcePath, 'expected base64')
  if (bytes.length > maxSourceBytes) {
    throw invalidInput(sourcePath, `must have at most ${maxSourceBytes} bytes`, 'script_too_large')
  }
  if (!isUtf8(bytes) || bytes.includes(0)) throw invalidParams(sourcePath, 'expected UTF-8 without NUL')
  const source = bytes.toString()
  const fault = await sandbox.check(source)
  if (fault === undefined) return source
  const { message, line, column } = fault
  throw invalidInput(sourcePath, `${message} (line ${line}, column ${column})`, 'script_syntax_error', {
    line,
    column,
  })
}
