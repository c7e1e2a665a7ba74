import { coalesce } from '../async/coalesce.ts'
import { within } from '../async/within.ts'
import type { Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'
import { onBehalfOf } from '../fairness/behalf.ts'
import { type Claimed, claimDue, msUntilDue } from './claim.ts'
import { type EvaluateDeps, evaluate } from './evaluate.ts'
import { monitorStates } from './state.ts'

/** This server's part in evaluating the monitors. */
export interface Monitors {
  /** Gives evaluations under way this many milliseconds; others take up what is left. */
  close(graceMs: number): Promise<void>
}

export interface MonitorsOptions extends EvaluateDeps {
  /** How long a statement may run, in milliseconds. */
  readonly statementTimeoutMs: number
}

/** Evaluated at once on one server: they mostly wait for the database. */
const atOnce = 16
/** The same of one token: its slow ones must not hold up those of others. */
const atOnceOfToken = 4

const askedEveryMs = 1000

/** What an evaluation may take beside its count. */
const marginMs = 15_000

/** Evaluates what is due, each monitor on one server at a time. Every server of a database may start it. */
export function startMonitors(options: MonitorsOptions): Monitors {
  const { database, statementTimeoutMs, onError } = options
  // Longer than any evaluation: otherwise a slow one would be taken over again and again.
  const leaseMs = statementTimeoutMs + marginMs
  const underWay = new Map<Promise<void>, string>()
  const looking = coalesce(look, onError)
  let isClosed = false
  /** Whether something may be due that there was no room for. */
  let mayBeMore = false

  /** Takes what is due for as long as there is room. */
  async function look(): Promise<void> {
    mayBeMore = true
    while (!isClosed && underWay.size < atOnce) {
      const busy = countEach(underWay.values())
      const most = atOnce - underWay.size
      const claimed = await claimDue(database, { busy, mostOfToken: atOnceOfToken, most, leaseMs })
      for (const each of claimed) begin(each)
      if (claimed.length === most) continue
      mayBeMore = claimed.length > 0 || [...busy.values()].some(count => count >= atOnceOfToken)
      return
    }
  }

  function begin(claimed: Claimed): void {
    const { token_key: tokenKey } = claimed.monitor
    const done = onBehalfOf(tokenKey, () => evaluate(options, claimed))
      .catch(error => {
        if (!isClosed) onError(error)
      })
      .finally(() => {
        underWay.delete(done)
        if (mayBeMore) looking.run()
      })
    underWay.set(done, tokenKey)
  }

  // Between two answers of the database a timer wakes: those that are due each second would else be late by up to another.
  let timer: NodeJS.Timeout | undefined
  const stopAsking = database.everySecond(msUntilDue, ms => {
    clearTimeout(timer)
    if (ms !== null && Number(ms) < askedEveryMs) timer = setTimeout(looking.run, Math.max(0, Number(ms)))
  })

  return {
    async close(graceMs) {
      isClosed = true
      stopAsking()
      clearTimeout(timer)
      await looking.stop()
      await within(graceMs, Promise.all(underWay.keys()))
    },
  }
}

function countEach(keys: Iterable<string>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}

const countStates = rawStatement('select state, count(*) from monitor where enabled group by state')

/** How many monitors are in each state, of those that are enabled. */
export async function readMonitorStates({
  run,
}: Pick<Runner, 'run'>): Promise<Readonly<Record<string, number>>> {
  const { rows } = await run(countStates, [])
  const known = new Map(rows.map(([state, count]) => [String(state), Number(count)]))
  return Object.fromEntries(monitorStates.map(state => [state, known.get(state) ?? 0]))
}
