import { plainDefinitions } from '../definitions.ts'
import type { EventService } from '../event/service.ts'
import type { WorkerReports } from '../machine/machine-reports.ts'
import { resources } from '../resource/kind/index.ts'
import type { RecordService } from '../resource/records.ts'
import type { Tickets } from '../stream/ticket.ts'
import { changeEventMethods } from './change-event.ts'
import { definitionMethods } from './definition.ts'
import { eventMethods } from './event.ts'
import { type HandlerMethodDeps, handlerMethods } from './event-handler.ts'
import { taskMethods } from './event-task.ts'
import { type JsWorkerDeps, jsWorkerMethods } from './js-worker.ts'
import { machineMethods } from './machine.ts'
import type { Method } from './method.ts'
import { monitorMethods } from './monitor.ts'
import { discoverMethod } from './openrpc.ts'
import { streamTicketMethod } from './record/stream-ticket.ts'
import { type SubscribeDeps, subscriptionMethods } from './record/subscribe.ts'
import { recordMethods } from './record.ts'
import { retentionMethods } from './retention.ts'
import { type SinkMethodDeps, sinkMethods } from './sink.ts'
import { indexMethods } from './table-index.ts'
import { type TokenDeps, tokenMethods } from './token.ts'
import { viewMethods } from './view.ts'
import { readingViews } from './with-views.ts'

/** What the methods of events need. */
export interface EventDeps {
  readonly service: EventService
  readonly workers: WorkerReports
  readonly handlers: HandlerMethodDeps
  readonly jsWorkers: JsWorkerDeps
}

export interface MethodDeps {
  readonly records: RecordService
  readonly subscribe: SubscribeDeps
  readonly tickets: Tickets
  readonly events: EventDeps
  readonly sinks: SinkMethodDeps
  readonly token: TokenDeps
  /** Other systems' surfaces over the same core. */
  readonly compat: readonly Method[]
  /** This program's version. */
  readonly version: string
}

/** Every method there is. */
export function createMethods({
  records,
  subscribe,
  tickets,
  events,
  sinks,
  token,
  compat,
  version,
}: MethodDeps): readonly Method[] {
  const methods = [
    ...resources.flatMap(resource => recordMethods(records.of(resource))),
    ...resources.flatMap(resource => subscriptionMethods(resource, subscribe)),
    streamTicketMethod({ ...subscribe, tickets }),
    ...changeEventMethods(records),
    ...eventMethods(events.service, records),
    ...handlerMethods(events.handlers),
    ...taskMethods(events.service.tasks, events.workers),
    ...jsWorkerMethods(events.jsWorkers),
    ...sinkMethods(sinks),
    ...retentionMethods(records),
    ...monitorMethods(records),
    ...viewMethods(records),
    ...plainDefinitions.flatMap(each => definitionMethods(each, { ...records, sealer: sinks.sealer })),
    ...indexMethods(records),
    ...machineMethods(records),
    ...tokenMethods(token),
    ...compat,
  ].map(method => readingViews(method, records.database))
  return [...methods, discoverMethod(methods, version)]
}
