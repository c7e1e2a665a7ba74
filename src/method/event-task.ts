import { z } from 'zod'
import { handlerAction } from '../event/handler/action.ts'
import type { Task } from '../event/run/claim.ts'
import { runMembers } from '../event/run/run.ts'
import type { Tasks } from '../event/run/task.ts'
import { maxWait } from '../event/send/event-request.ts'
import type { WorkerReports } from '../machine/machine-reports.ts'
import { requirePermission, requireSome } from '../permission/grant.ts'
import { nameSchema } from '../permission/name.ts'
import { credentialParam, defineMethod } from './method.ts'

const maxClaimed = 100
const maxNames = 100
const leaseMs = z.int().min(1000).max(3_600_000).default(30_000).describe('How long the task is held, in ms')

const taskRef = {
  token: credentialParam,
  id: z.int().describe('The id of its event-log record'),
  attempt: z.int().min(1).describe('As the claim gave it'),
}

const worker = nameSchema
  .optional()
  .describe('The name of this worker among the machines; without it, none is recorded')

const endSchema = z.strictObject({
  status: z.enum(['success', 'fail', 'waiting']).describe('waiting: it will be tried again'),
})

/** A task as a worker claims it. */
const taskSchema = z.strictObject({
  id: z.int(),
  attempt: z.int(),
  lease_until: z.int().describe('Epoch ms; a heartbeat extends it'),
  full_name: z.string(),
  sender: z.string(),
  event_type: z.string(),
  request_id: z.string(),
  node_id: z.string(),
  parent_node_id: z.string().nullable(),
  kwargs: z.unknown(),
})

/** What remote workers do with the work of remote handlers: permission `event_handler.claim` over the handler. */
export function taskMethods(tasks: Tasks, workers: WorkerReports) {
  const claim = defineMethod({
    name: 'event-task_claim',
    summary: 'Claims tasks of remote handlers, and waits when there are none yet',
    params: {
      token: credentialParam,
      full_names: z.array(nameSchema).min(1).max(maxNames).describe('The handlers'),
      max: z.int().min(1).max(maxClaimed).default(1),
      lease_ms: leaseMs,
      wait_ms: z.int().min(0).max(maxWait).default(0),
      worker,
    },
    result: z.strictObject({
      tasks: z.array(taskSchema),
    }),
    async handle({ params, caller, context, live }) {
      const fullNames = [...new Set(params.full_names)]
      // Nobody is recorded who may not claim.
      for (const name of fullNames) requirePermission(caller, claimAction, name)
      const claim = () =>
        tasks.claim(live, {
          fullNames,
          max: params.max,
          leaseMs: params.lease_ms,
          waitMs: params.wait_ms,
          hungUp: context.hungUp,
        })
      const runs = params.worker === undefined ? await claim() : await workers.during(params.worker, claim)
      return { tasks: runs.map(taskOf) }
    },
  })

  const heartbeat = defineMethod({
    name: 'event-task_heartbeat',
    summary: 'Holds a task for longer',
    params: { ...taskRef, lease_ms: leaseMs, worker },
    result: z.strictObject({
      lease_until: z.int().describe('Epoch ms; never beyond the time-out of the handler'),
      cancelled: z.boolean().describe('Whether the worker should stop'),
    }),
    async handle({ params, caller }) {
      requireSome(caller, claimAction)
      const { until, cancelled } = await tasks.heartbeat(caller, params, params.lease_ms)
      if (params.worker !== undefined) await workers.report(params.worker)
      return { lease_until: until, cancelled }
    },
  })

  const complete = defineMethod({
    name: 'event-task_complete',
    summary: 'Ends a task that succeeded',
    params: { ...taskRef, result: z.unknown().optional() },
    result: endSchema,
    async handle({ params: { id, attempt, result = null }, caller }) {
      requireSome(caller, claimAction)
      return { status: await tasks.end(caller, { id, attempt }, { kind: 'success', result }) }
    },
  })

  const fail = defineMethod({
    name: 'event-task_fail',
    summary: 'Ends a task that failed',
    params: {
      ...taskRef,
      error_message: z.string().min(1),
      retry: z.boolean().default(true).describe('Whether to try again, as often as the handler allows'),
    },
    result: endSchema,
    async handle({ params: { id, attempt, error_message: message, retry }, caller }) {
      requireSome(caller, claimAction)
      return { status: await tasks.end(caller, { id, attempt }, { kind: 'failed', message, retry }) }
    },
  })

  return [claim, heartbeat, complete, fail]
}

// Another's task looks to everybody else like one that is gone; who may claim nothing at all is told so.
const claimAction = handlerAction('claim')

function taskOf(run: Task) {
  return { ...runMembers(run), lease_until: run.leaseUntil, kwargs: run.kwargs }
}
