import type { Runner } from '../../database/database.ts'
import type { Identity } from '../../permission/grant.ts'
import type { Handler } from '../handler/handler.ts'
import type { Handlers } from '../handler/handler-directory.ts'
import { type NewRun, planRuns, type SendAnswer, type SentEvent } from './event.ts'
import { insertRuns } from './insert-runs.ts'
import { makersOf, mayReceive, type Recall } from './receiving.ts'

/** An event with the runs that it sets off. */
export interface Planned {
  readonly event: SentEvent
  readonly runs: readonly NewRun[]
}

/** The runs of each event: of the handlers that take it and whose makers may receive it. */
export async function planEvents(
  handlers: Handlers,
  events: readonly SentEvent[],
  recall: Recall,
): Promise<readonly Planned[]> {
  const makers = new Map<Handler, Identity | undefined>()
  const planned: Planned[] = []
  for (const event of events) {
    const matching = handlers.matching(event.sender, event.eventType)
    for (const handler of matching) {
      if (!makers.has(handler)) makers.set(handler, await makersOf(handler, recall))
    }
    const receiving = matching.filter(each => mayReceive(makers.get(each), event.sender, event.runType))
    planned.push({ event, runs: planRuns(event, receiving) })
  }
  return planned
}

/** Writes all their runs in one statement; an answer for each event. Throws as insertRuns. */
export async function insertPlanned(
  runner: Pick<Runner, 'run'>,
  handlers: Handlers,
  planned: readonly Planned[],
  now: number,
): Promise<readonly SendAnswer[]> {
  const runs = planned.flatMap(each => each.runs)
  const ids = await insertRuns(runner, handlers, runs, now)
  let next = 0
  return planned.map(({ event, runs }) => {
    const logs = runs.map(run => ({
      id: ids[next++] ?? 0,
      full_name: run.handler.full_name,
      node_id: run.nodeId,
      status: 'waiting' as const,
    }))
    return { request_id: event.requestId, matched: logs.length > 0, event_logs: logs }
  })
}
