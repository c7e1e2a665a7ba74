import type { Clock } from '../../async/clock.ts'
import type { Database } from '../../database/database.ts'
import { rawStatement } from '../../database/statement.ts'
import type { FailureText } from '../../errors.ts'
import type { HandlerDirectory } from '../handler/handler-directory.ts'
import { type EndedRun, endRuns } from './end-runs.ts'
import { handlerGone } from './forsake.ts'
import type { RunOutcome } from './run.ts'

export interface RescueDeps {
  readonly database: Database
  readonly directory: HandlerDirectory
  readonly clock: Clock
}

/** Rows looked at at once. */
const batch = 500

const alive = 'select from server_lease l where l.id = owner and l.lease_until > now()'

// Nothing is locked: what is lost stays lost, and the attempt is the fence of those who end it at the same time.
const isLost = `status = 'running' and due_time is not null
  and ((owner is not null and not exists (${alive})) or (owner is null and lease_until < now()))`
const findLost = rawStatement(
  `select id, full_name, attempt, failures, owner is null from event_log where ${isLost} order by id limit ${batch}`,
)

const isLostScript = `owner is not null and result is null and error_message is null and not exists (${alive})`
const endScripts = rawStatement(
  `update js_result set finish_time = to_timestamp($1::float8 / 1000), error_message = $2 where ${isLostScript}`,
)

const isOldLease = "lease_until < now() - interval '1 day'"
const forgetLeases = rawStatement(`delete from server_lease where ${isOldLease}`)

// There is hardly ever anything to do.
const findAny = rawStatement(
  `select exists (select from event_log where ${isLost}) or exists (select from js_result where ${isLostScript})
     or exists (select from server_lease where ${isOldLease})`,
)

/** Takes runs back whose server or remote worker is gone: they are tried again, or fail. Resolves to how many. */
export async function rescueRuns({ database, directory, clock }: RescueDeps): Promise<number> {
  let rescued = 0
  if ((await database.run(findAny, [])).rows[0]?.[0] !== true) return rescued
  for (;;) {
    const { rows } = await database.run(findLost, [])
    const { byName } = await directory.current(database)
    const lost = rows.map(([id, fullName, attempt, failures, isRemote]): EndedRun => {
      const handler = byName(String(fullName))
      const outcome = isRemote === true ? leaseExpired : serverLost
      return {
        run: { id: Number(id), handler, attempt: Number(attempt), failures: Number(failures) },
        outcome: handler === undefined ? gone : outcome,
      }
    })
    const endings = await endRuns(database, lost, clock())
    rescued += endings.filter(ending => ending !== 'lost').length
    if (rows.length < batch) break
  }
  await database.run(endScripts, [clock(), serverLost.message])
  await database.run(forgetLeases, [])
  return rescued
}

const serverLost = failed('server_lost: the server that ran it is gone', true)
const leaseExpired = failed('lease_expired: the remote worker did not say that it still works', true)
const gone = failed(handlerGone, false)

function failed(message: FailureText, retry: boolean): RunOutcome & { kind: 'failed' } {
  return { kind: 'failed', message, retry }
}
