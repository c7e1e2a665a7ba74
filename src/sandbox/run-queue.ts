import { createFairQueue, type FairQueue } from '../fairness/fair-queue.ts'
import type { Share } from './share.ts'

/** Where something stands in the queue. */
export interface Place extends Share {
  /** Of one worker the highest goes first: others wait for it. */
  readonly rank: number
  /** On whose behalf it is; undefined: the server's own. */
  readonly asker: string | undefined
}

/**
 * What waits. Owners take turns, and so do the workers of an owner; of one worker the highest rank goes first, and within
 * it those who ask take turns.
 */
export interface RunQueue<Item> {
  readonly size: number
  readonly push: (place: Place, item: Item) => void
  /** The next whose share and rank `may` go. */
  readonly take: (may: (share: Share, rank: number) => boolean) => Item | undefined
  /** Whether `take` would find one. */
  readonly has: (may: (share: Share, rank: number) => boolean) => boolean
  /** False when it does not wait. */
  readonly remove: (place: Place, item: Item) => boolean
  /** How much waits of an owner, of the worker, and of who asks that worker. */
  readonly sizesOf: (place: Place) => {
    readonly owner: number
    readonly worker: number
    readonly asker: number
  }
  readonly clear: () => readonly Item[]
}

type Line<Item> = Map<number, FairQueue<string | undefined, Item>>

export function createRunQueue<Item>(): RunQueue<Item> {
  // A Map keeps the order in which keys were put in: whoever had a turn is put in again, behind the others.
  const owners = new Map<string, Map<string, Line<Item>>>()
  let size = 0

  function find(
    may: (share: Share, rank: number) => boolean,
  ): (Share & { readonly rank: number }) | undefined {
    for (const [owner, workers] of owners) {
      for (const [worker, line] of workers) {
        const rank = Math.max(...line.keys())
        if (may({ owner, worker }, rank)) return { owner, worker, rank }
      }
    }
    return undefined
  }

  function lineOf({ owner, worker }: Share): Line<Item> {
    const workers = owners.get(owner) ?? new Map<string, Line<Item>>()
    owners.set(owner, workers)
    const line = workers.get(worker) ?? new Map()
    workers.set(worker, line)
    return line
  }

  /** Forgets what has become empty. */
  function tidy({ owner, worker, rank }: Share & { readonly rank: number }): void {
    const workers = owners.get(owner)
    const line = workers?.get(worker)
    if (line?.get(rank)?.size === 0) line.delete(rank)
    if (line?.size === 0) workers?.delete(worker)
    if (workers?.size === 0) owners.delete(owner)
  }

  function moveBehind({ owner, worker }: Share): void {
    const workers = owners.get(owner)
    const line = workers?.get(worker)
    if (workers === undefined || line === undefined) return
    owners.delete(owner)
    owners.set(owner, workers)
    workers.delete(worker)
    workers.set(worker, line)
  }

  return {
    get size() {
      return size
    },
    push(place, item) {
      const line = lineOf(place)
      const queue = line.get(place.rank) ?? createFairQueue<string | undefined, Item>()
      line.set(place.rank, queue)
      queue.push(place.asker, item)
      size++
    },
    take(may) {
      const found = find(may)
      const item = found && lineOf(found).get(found.rank)?.take()
      if (found === undefined || item === undefined) return undefined
      size--
      moveBehind(found)
      tidy(found)
      return item
    },
    has: may => find(may) !== undefined,
    remove(place, item) {
      const waited = owners.get(place.owner)?.get(place.worker)?.get(place.rank)?.remove(place.asker, item)
      if (waited === true) size--
      tidy(place)
      return waited === true
    },
    sizesOf({ owner, worker, asker }) {
      const workers = owners.get(owner)
      const line = [...(workers?.get(worker)?.values() ?? [])]
      const all = [...(workers?.values() ?? [])].flatMap(each => [...each.values()])
      return {
        owner: sum(all.map(each => each.size)),
        worker: sum(line.map(each => each.size)),
        asker: sum(line.map(each => each.sizeOf(asker))),
      }
    },
    clear() {
      const all = [...owners.values()].flatMap(workers => [...workers.values()])
      owners.clear()
      size = 0
      return all.flatMap(line => [...line.values()]).flatMap(queue => queue.clear())
    },
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}
