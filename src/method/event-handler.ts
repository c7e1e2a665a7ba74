import type { Runner } from '../database/database.ts'
import { withTimeZone } from '../definition/schedule.ts'
import { eventHandler, type WantedTarget } from '../event/handler/handler.ts'
import {
  changedHandler,
  newHandler,
  placedTarget,
  requireKnownTarget,
} from '../event/handler/handler-change.ts'
import { requireWebhookUrl } from '../outbound/webhook-place.ts'
import { compilePattern } from '../permission/pattern.ts'
import type { Sealer } from '../seal.ts'
import { type DefinitionDeps, definitionMethods } from './definition.ts'
import type { Method } from './method.ts'

/** What the methods of event handlers work with. */
export interface HandlerMethodDeps extends DefinitionDeps {
  readonly sealer: Sealer
  /** The full names that the handlers folder defines. */
  readonly localNames: ReadonlySet<string>
  /** For schedules that name none. */
  readonly timezone: string
  /** The private addresses that webhooks may reach, as for `createOutbound`. */
  readonly outboundAllow: readonly string[]
  /** Called after each change that is committed. */
  onChange(): void
  /** Fails the runs that wait for a handler, in the transaction that deletes it. */
  forsake(runner: Runner, fullName: string): Promise<void>
}

/**
 * All `event-handler_*` methods. A handler acts for its makers; each of them must be allowed to receive the events that it
 * takes and to run its target. A change to a handler of the handlers folder lasts until the next start reads the folder
 * again; only `enabled` stays.
 */
export function handlerMethods(deps: HandlerMethodDeps): readonly Method[] {
  const { clock, localNames, timezone, outboundAllow, forsake } = deps

  function requireTarget(target: WantedTarget, name: string): void {
    if (target.kind === 'webhook') requireWebhookUrl(target.url, outboundAllow, 'target.url')
    requireKnownTarget(target, localNames.has(name))
  }

  return definitionMethods(eventHandler, deps, {
    create({ sender, event_type, target, schedule, ...rest }, caller) {
      requireTarget(target, rest.full_name)
      const definition = {
        ...rest,
        ...placedTarget(target, caller),
        sender: compilePattern(sender),
        event_type: compilePattern(event_type),
        schedule: withTimeZone(schedule, timezone),
      }
      return newHandler(definition, { caller, now: clock() })
    },
    update({ sender, event_type, target, schedule, retry, ...rest }, before, caller) {
      if (target !== undefined) requireTarget(target, before.full_name)
      const wanted = {
        ...rest,
        ...(sender !== undefined && { sender: compilePattern(sender) }),
        ...(event_type !== undefined && { event_type: compilePattern(event_type) }),
        ...(target !== undefined && placedTarget(target, caller, before)),
        ...(retry !== undefined && { retry: { ...before.retry, ...retry } }),
        // A schedule that names no time zone keeps the one it had.
        ...(schedule !== undefined && { schedule: withTimeZone(schedule, before.schedule?.tz ?? timezone) }),
      }
      return changedHandler(before, wanted, { caller, now: clock() })
    },
    remove: (runner, { full_name }) => forsake(runner, full_name),
  })
}
