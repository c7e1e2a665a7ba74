import type { Command } from 'commander'
import type { ConditionOf, ResourceName } from '../../client/client.ts'
import { loadCatalogue } from './catalogue.ts'
import { parseCondition } from './condition-argument.ts'
import { openSession, type Session } from './session.ts'
import type { Surroundings } from './surroundings.ts'

/** A session whose resource and conditions are read. */
export interface ConditionSession extends Session {
  readonly resource: ResourceName
  readonly condition: readonly ConditionOf<ResourceName>[]
}

export const resourceHelp = 'js-result, event-log, …'

export const conditionHelp = `
Conditions, all of which must hold:
  js_worker_name=demo_worker  is_failure  limit=10  last
  js_worker_name_like='demo_*'  run_type_in=call,cron
  view=NAME  start_time_since=24h  start_time_from=2026-01-01T00:00:00Z  start_time_from=-1h  start_time_from_to=-2d,-1d
  duration_from=5s  error_message_contains=timeout  param_contains='{"a":1}'
  param_path='{"path":["user","id"],"eq":7}'  search='no space left'
  '{"or":["is_failure",{"run_type":"cron"}]}'   any condition as JSON`

/** What a command does with the records that its conditions find. */
export interface ConditionCommand<Flags> {
  /** What its help says of the conditions. */
  readonly conditions?: string
  /** What its help says below them. */
  readonly more?: string
  /** Throws UsageError for options that make no sense, before a server is asked. */
  check?(flags: Flags): void
  act(session: ConditionSession, flags: Flags, typed: readonly string[]): Promise<void>
}

/** Adds the arguments RESOURCE [CONDITION…] to a command, and what it does. */
export function addConditions<Flags>(
  command: Command,
  surroundings: Surroundings,
  { conditions, more = '', check, act }: ConditionCommand<Flags>,
): void {
  command
    .argument('<resource>', resourceHelp)
    .argument('[conditions...]', conditions)
    .addHelpText('after', conditionHelp + more)
    .action(async (resource: string, typed: string[], flags: Flags) => {
      check?.(flags)
      await act(
        await openConditionSession({ resource, conditions: typed, command, surroundings }),
        flags,
        typed,
      )
    })
}

export interface ConditionArguments {
  readonly resource: string
  readonly conditions: readonly string[]
  readonly command: Command
  readonly surroundings: Surroundings
}

/** Reads what a command with conditions was given. Throws UsageError, ConfigError and what the client throws. */
export async function openConditionSession(given: ConditionArguments): Promise<ConditionSession> {
  const session = openSession(given.command, given.surroundings)
  const catalogue = await loadCatalogue(session.client)
  const resource = catalogue.requireResource(given.resource)
  const options = {
    known: catalogue.conditionsOf(resource),
    now: session.clock(),
    zone: session.presentation.zone,
  }
  return { ...session, resource, condition: given.conditions.map(text => parseCondition(text, options)) }
}
