import { z } from 'zod'
import type { Runner } from '../database/database.ts'
import { locks, withAdvisoryLock } from '../database/locks.ts'
import { rawStatement } from '../database/statement.ts'
import { changesOf, createStore } from '../definition/store.ts'
import { RpcError } from '../errors.ts'
import { sendAction } from '../event/handler/action.ts'
import { recordsOf, requireMaking } from '../monitor/evaluate.ts'
import { type Monitor, type MonitorStatus, monitor, monitorStatusSchema } from '../monitor/monitor.ts'
import { readTransitions, recordTransition } from '../monitor/transition.ts'
import { originsOf, requirePermission } from '../permission/grant.ts'
import { nameSchema } from '../permission/name.ts'
import type { RecordService } from '../resource/records.ts'
import { definitionMethods, notFound, ownerNamed } from './definition.ts'
import { credentialParam, defineMethod, type Method } from './method.ts'

/** Monitors in all, and those of one token. */
const most = 1000
const mostOfToken = 100

/** Members whose change makes what was found before say nothing. */
const restarting = ['query', 'window_ms', 'when', 'for_ms', 'enabled']

/**
 * All `monitor_*` methods. Any token may have monitors of what it may read, with events that it may send; they count and send
 * with the rights that it has by then.
 */
export function monitorMethods(records: RecordService): readonly Method[] {
  const { clock } = records
  const own = definitionMethods(monitor, records, {
    create(wanted, caller) {
      requireMaking(caller, recordsOf(records, wanted), wanted)
      return {
        ...wanted,
        state: 'unknown' as const,
        since: clock(),
        token_key: caller.tokenKey,
        makers: originsOf(caller),
      }
    },
    admit: (runner, { token_key }) => requireRoom(runner, token_key),
    update(given, before, caller) {
      const wanted = { ...given, ...(given.event && { event: { ...before.event, ...given.event } }) }
      const changes = changesOf(monitor, before, wanted)
      const changed = Object.keys(changes)
      if (changed.length === 0) return undefined
      if (changes.query !== undefined) recordsOf(records, before).requireCountable(caller, changes.query)
      if (changes.event !== undefined && wanted.event !== undefined)
        requirePermission(caller, sendAction, wanted.event.sender)
      const isRestart = changed.some(member => restarting.includes(member))
      return { ...changes, ...beginning(before), ...(isRestart && restarted(before, clock())) }
    },
    async changed(runner, before, { id, state, since: time, count }) {
      if (state === before.state) return
      await recordTransition(runner, id, { time, state, count, requestId: null })
    },
  })
  return [...own, statusMethod(records)]
}

/** It is evaluated at once; an evaluation that is under way writes nothing. */
function beginning({ version }: Monitor): Partial<Monitor> {
  return { version: version + 1, claimed_until: null, next_time: null, failures: 0 }
}

/** One that fires stays open: its end is still told. */
function restarted({ state, since }: Monitor, now: number): Partial<Monitor> {
  return { state: 'unknown', since: state === 'unknown' ? since : now, count: null, last_error: null }
}

const countAll = rawStatement('select count(*), count(*) filter (where token_key = $1) from monitor')

/** Throws RpcError 110. */
async function requireRoom(runner: Runner, tokenKey: string | undefined): Promise<void> {
  const { rows } = await withAdvisoryLock(runner, locks.makingMonitors, () =>
    runner.run(countAll, [tokenKey]),
  )
  const [all, ofToken] = rows[0] ?? []
  if (Number(ofToken) >= mostOfToken) throw tooMany(`A token may have ${mostOfToken} monitors`)
  if (Number(all) >= most) throw tooMany(`There may be ${most} monitors`)
}

function tooMany(message: string): RpcError {
  return new RpcError('too_many_monitors', message, { retryable: false })
}

function statusMethod({ database }: RecordService): Method {
  const store = createStore(monitor)
  return defineMethod({
    name: 'monitor_status',
    summary: 'Shows where the monitors of the caller stand, or one of them',
    params: {
      token: credentialParam,
      name: nameSchema.optional(),
      owner: z.string().optional().describe('As for monitor_read; without a name: all of this owner'),
    },
    result: z.strictObject({ monitors: z.array(monitorStatusSchema) }),
    async handle({ params: { name, owner: named }, caller }) {
      const owner = ownerNamed(caller, named)
      const isEverybodys = caller.isSuper && named === undefined
      const listed = await store.list(database, isEverybodys && name === undefined ? undefined : owner)
      const wanted = name === undefined ? listed : listed.filter(each => each.name === name)
      if (name !== undefined && wanted.length === 0) throw notFound(monitor)
      const transitions = await readTransitions(
        database,
        wanted.map(({ id }) => id),
      )
      return { monitors: wanted.map(each => showStatus(each, transitions.get(each.id) ?? [])) }
    },
  })
}

function showStatus(
  { name, owner, state, since, count, evaluated_time, next_time, last_error }: Monitor,
  transitions: MonitorStatus['transitions'],
): MonitorStatus {
  return { name, owner, state, since, count, evaluated_time, next_time, last_error, transitions }
}
