import { channels, notifySql } from '../database/channels.ts'

/** SQL for the number that all sinks of a resource have delivered, failed ones aside; the highest number without sinks. `resource`: SQL. */
export function deliveredNumber(resource: string): string {
  return `coalesce((select min(cursor) from sink
    where resource = ${resource} and fail_reason is distinct from 'behind_too_far'), 9223372036854775807)`
}

/**
 * SQL that fails the sinks that had not delivered the changes that were deleted. They record what they lost and hold nothing
 * back any more. `resource`, `last` (the last deleted number): SQL.
 */
export function endLateSinks(resource: string, last: string): string {
  return `update sink set state = 'failed', fail_reason = 'behind_too_far', owner = null, next_attempt_time = null,
      last_error = 'behind_too_far: changes from number ' || cursor + 1 || ' on are not kept any more'
        || coalesce(' (' || last_error || ')', ''),
      updated_time = now()
    where resource = ${resource} and cursor < ${last} and fail_reason is distinct from 'behind_too_far'
    returning ${notifySql(channels.sink)}`
}
