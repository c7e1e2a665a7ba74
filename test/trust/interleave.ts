import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../../src/database/database.ts'
import { rawStatement } from '../../src/database/statement.ts'
import { steppedDatabase } from './faulty-database.ts'

/** Something that is done in transactions of `through`. */
export type Act = (through: Database) => Promise<unknown>

export type Order = readonly ('a' | 'b')[]

export interface Actor {
  /** Lets it go on by one statement: resolves when that is done, or waits for a lock that the other one holds. */
  step(): Promise<void>
  isDone(): boolean
  readonly outcome: Promise<PromiseSettledResult<unknown>>
}

const readBlocked = rawStatement('select cardinality(pg_blocking_pids($1::int)) > 0')

/** Does both at once, their statements in this order, as far as locks allow it; what is left then goes by turns. */
export async function interleave(
  database: Database,
  order: Order,
  acts: { readonly a: Act; readonly b: Act },
): Promise<readonly PromiseSettledResult<unknown>[]> {
  const actors = { a: startActor(database, acts.a), b: startActor(database, acts.b) }
  for (const name of order) await actors[name].step()
  const both = [actors.a, actors.b]
  while (both.some(actor => !actor.isDone())) for (const actor of both) await actor.step()
  return Promise.all(both.map(actor => actor.outcome))
}

function startActor(database: Database, act: Act): Actor {
  // Statements that wait to be let through, in their order: a transaction may ask several at once.
  const waiting: (() => void)[] = []
  let underWay = 0
  let pid = 0
  let done = false
  const turn = (itsPid: number, begin: () => void): Promise<void> => {
    pid = itsPid
    return new Promise(resolve =>
      waiting.push(() => {
        begin()
        resolve()
      }),
    )
  }
  const through = steppedDatabase(database, {
    before: itsPid => turn(itsPid, () => void underWay++),
    async after() {
      underWay--
    },
    beforeCommit: itsPid => turn(itsPid, () => undefined),
  })
  const outcome = Promise.allSettled([act(through)]).then(([settled]) => {
    done = true
    return settled as PromiseSettledResult<unknown>
  })

  async function isBlocked(): Promise<boolean> {
    return pid !== 0 && (await database.run(readBlocked, [pid])).rows[0]?.[0] === true
  }

  return {
    outcome,
    isDone: () => done,
    async step() {
      if (underWay === 0) waiting.shift()?.()
      for (let looks = 0; !done && (underWay > 0 || waiting.length === 0); looks++) {
        await sleep(1)
        // A look costs more than most statements take.
        if (looks > 3 && (await isBlocked())) return
      }
    },
  }
}

/**
 * Orders of two acts: either goes in between any two statements of the other, and some at random, the same in each run.
 */
export function ordersOf(count: number, seed: number): readonly Order[] {
  const whole = 16
  const within = (first: 'a' | 'b', second: 'a' | 'b', at: number): Order => [
    ...Array<'a' | 'b'>(at).fill(first),
    ...Array<'a' | 'b'>(whole).fill(second),
    ...Array<'a' | 'b'>(whole).fill(first),
  ]
  const orders = [1, 2, 3, 4, 5, 6].flatMap(at => [within('a', 'b', at), within('b', 'a', at)])
  let state = seed
  const flip = (): boolean => {
    // A linear congruential generator (Numerical Recipes).
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state > 2 ** 31
  }
  while (orders.length < count) orders.push(Array.from({ length: whole }, () => (flip() ? 'a' : 'b')))
  return orders.slice(0, count)
}
