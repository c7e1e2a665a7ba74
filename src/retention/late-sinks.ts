import { channels, notifySql } from '../database/channels.ts'

/** The number up to which every sink of a resource has delivered that still counts; all numbers where there is none. `resource`: SQL. */
export function deliveredNumber(resource: string): string {
  return `coalesce((select min(cursor) from sink
    where resource = ${resource} and fail_reason is distinct from 'behind_too_far'), 9223372036854775807)`
}

/**
 * The SQL that ends the sinks that had still to deliver what has left: they are told what they have lost, and hold nothing
 * back any more. `resource`, `last` (the last number that has left): SQL.
 */
export function endLateSinks(resource: string, last: string): string {
  return `update sink set state = 'failed', fail_reason = 'behind_too_far', owner = null, next_attempt_time = null,
      last_error = 'behind_too_far: changes from number ' || cursor + 1 || ' on are not kept any more'
        || coalesce(' (' || last_error || ')', ''),
      updated_time = now()
    where resource = ${resource} and cursor < ${last} and fail_reason is distinct from 'behind_too_far'
    returning ${notifySql(channels.sink)}`
}
