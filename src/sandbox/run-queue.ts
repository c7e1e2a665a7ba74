import { createFairQueue, type FairQueue } from '../fairness/fair-queue.ts'
import type { Share } from './share.ts'

/** The rank of a run that has begun: it holds up a thread, and sometimes others that wait for it. */
export const goesOn = Number.POSITIVE_INFINITY

/** Where something stands in the queue. */
export interface Place extends Share {
  /** Of one worker the highest goes first: others wait for it. */
  readonly rank: number
  /** On whose behalf it is; undefined: the server's own. */
  readonly asker: string | undefined
}

export type RunQueue<Item> = ReturnType<typeof createRunQueue<Item>>

/** Whether something of this share and rank may go. */
type May = (share: Share, rank: number) => boolean
type Ranked = Share & { readonly rank: number }
type Line<Item> = Map<number, FairQueue<string | undefined, Item>>
type Owners<Item> = Map<string, Map<string, Line<Item>>>

/**
 * What waits. Owners take turns, and so do the workers of an owner; of one worker the highest rank goes first, and within
 * it those who ask take turns.
 */
export function createRunQueue<Item>() {
  // A Map keeps the order in which keys were put in: who had a turn is put in again, behind the others.
  const owners: Owners<Item> = new Map()
  let size = 0
  let unbegun = 0

  function count(rank: number, change: 1 | -1): void {
    size += change
    if (rank !== goesOn) unbegun += change
  }

  return {
    get size() {
      return size
    },
    /** How much of that has not begun. */
    get unbegun() {
      return unbegun
    },
    push(place: Place, item: Item): void {
      const line = lineOf(owners, place)
      const queue = line.get(place.rank) ?? createFairQueue<string | undefined, Item>()
      line.set(place.rank, queue)
      queue.push(place.asker, item)
      count(place.rank, 1)
    },
    take(may: May): Item | undefined {
      const found = find(owners, may)
      const item = found && lineOf(owners, found).get(found.rank)?.take()
      if (found === undefined || item === undefined) return undefined
      count(found.rank, -1)
      moveBehind(owners, found)
      tidy(owners, found)
      return item
    },
    /** Whether `take` would find one. */
    has: (may: May): boolean => find(owners, may) !== undefined,
    remove(place: Place, item: Item): void {
      const queue = owners.get(place.owner)?.get(place.worker)?.get(place.rank)
      if (queue?.remove(place.asker, item) === true) count(place.rank, -1)
      tidy(owners, place)
    },
    /** How much waits of an owner, of the worker, and of who asks that worker. */
    sizesOf({ owner, worker, asker }: Place) {
      const workers = owners.get(owner)
      const line = [...(workers?.get(worker)?.values() ?? [])]
      const all = [...(workers?.values() ?? [])].flatMap(each => [...each.values()])
      return {
        owner: sum(all.map(each => each.size)),
        worker: sum(line.map(each => each.size)),
        asker: sum(line.map(each => each.sizeOf(asker))),
      }
    },
    /** Takes out all. */
    clear(): readonly Item[] {
      const all = [...owners.values()].flatMap(workers => [...workers.values()])
      owners.clear()
      size = 0
      unbegun = 0
      return all.flatMap(line => [...line.values()]).flatMap(queue => queue.clear())
    },
  }
}

function find<Item>(owners: Owners<Item>, may: May): Ranked | undefined {
  for (const [owner, workers] of owners) {
    for (const [worker, line] of workers) {
      const rank = Math.max(...line.keys())
      if (may({ owner, worker }, rank)) return { owner, worker, rank }
    }
  }
  return undefined
}

function lineOf<Item>(owners: Owners<Item>, { owner, worker }: Share): Line<Item> {
  const workers = owners.get(owner) ?? new Map<string, Line<Item>>()
  owners.set(owner, workers)
  const line = workers.get(worker) ?? new Map()
  workers.set(worker, line)
  return line
}

function moveBehind<Item>(owners: Owners<Item>, { owner, worker }: Share): void {
  const workers = owners.get(owner)
  const line = workers?.get(worker)
  if (workers === undefined || line === undefined) return
  owners.delete(owner)
  owners.set(owner, workers)
  workers.delete(worker)
  workers.set(worker, line)
}

/** Forgets what has become empty. */
function tidy<Item>(owners: Owners<Item>, { owner, worker, rank }: Ranked): void {
  const workers = owners.get(owner)
  const line = workers?.get(worker)
  if (line?.get(rank)?.size === 0) line.delete(rank)
  if (line?.size === 0) workers?.delete(worker)
  if (workers?.size === 0) owners.delete(owner)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}
