import type { Runner } from '../../database/database.ts'
import { rawStatement } from '../../database/statement.ts'
import type { FailureText } from '../../errors.ts'

/** What is said of a run whose handler was deleted before it ended. */
export const handlerGone: FailureText = 'handler_gone: its handler was deleted'

/** The SQL that fails runs whose handler is gone. `$1` is when, epoch ms. */
function forsaking(which: string) {
  return rawStatement(
    `update event_log e set status = 'fail', finish_time = to_timestamp($1::float8 / 1000),
       error_message = '${handlerGone}', lease_until = null
     where e.due_time is not null and ${which}`,
  )
}

const ofHandler = forsaking("e.status = 'waiting' and e.full_name = $2")
const orphans = forsaking(
  "e.status = 'waiting' and not exists (select from event_handler h where h.full_name = e.full_name)",
)

/** Fails what waits for a handler, in the transaction that deletes it. What runs may end. */
export async function forsakeRuns({ run }: Runner, fullName: string, now: number): Promise<void> {
  await run(ofHandler, [now, fullName])
}

/** Fails what waits for a handler that is gone: an event may be sent while its handler is being deleted. Resolves to how many. */
export async function forsakeOrphans({ run }: Pick<Runner, 'run'>, now: number): Promise<number> {
  return (await run(orphans, [now])).affected
}
