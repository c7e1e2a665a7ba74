import { createTally } from '../fairness/tally.ts'

/** Whose share a run takes. What it calls inline takes the same one, no matter who made that worker. */
export interface Share {
  /** Who made the worker. */
  readonly owner: string
  readonly worker: string
}

/** How much of something may be taken: in all, by one owner, and by one worker of an owner. */
export interface ShareLimits {
  readonly all: number
  readonly owner: number
  readonly worker: number
}

export type Shares = ReturnType<typeof createShares>

/** Counts what is taken of something, and by whom. */
export function createShares(limits: ShareLimits) {
  const owners = createTally<string>()
  const workers = createTally<string>()
  let taken = 0

  function add({ owner, worker }: Share, count: 1 | -1): void {
    taken += count
    owners.add(owner, count)
    workers.add(workerKey(owner, worker), count)
  }

  return {
    get taken() {
      return taken
    },
    /** Whether one more may be taken; `more` is added to each limit. */
    has: ({ owner, worker }: Share, more = 0): boolean =>
      taken < limits.all + more &&
      owners.of(owner) < limits.owner + more &&
      workers.of(workerKey(owner, worker)) < limits.worker + more,
    take: (share: Share) => add(share, 1),
    give: (share: Share) => add(share, -1),
  }
}

/** No name holds a control character. */
function workerKey(owner: string, worker: string): string {
  return `${owner}\u0000${worker}`
}
