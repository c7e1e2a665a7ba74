import { RpcError } from '../errors.ts'
import type { Wanted } from './wanted.ts'

/** What subscriptions may cost to match, in comparisons. */
export interface MatchLimits {
  /** Those of one token together, over all its connections. */
  readonly token: number
  /** All of this server. */
  readonly server: number
}

/** Counts what the subscriptions of each token cost. */
export interface MatchBudget {
  /**
   * Reserves the subscription's cost; the result releases it. Throws RpcError 110
   * (`subscriptions_too_costly`, `server_subscriptions_too_costly`) beyond the limits.
   */
  take(subscription: { readonly token: string; readonly wanted: Wanted }): () => void
}

interface Account {
  cost: number
  /** How many want the same. */
  readonly counts: Map<string, number>
}

/** To keep a subscription and send to it, whatever it wants. */
const subscriptionCost = 10
/** Charges the memory of a condition: this many characters count as one comparison. */
const charactersPerCost = 100

const unlimited: MatchLimits = { token: Number.POSITIVE_INFINITY, server: Number.POSITIVE_INFINITY }

export function createMatchBudget(limits: MatchLimits = unlimited): MatchBudget {
  const accounts = new Map<string, Account>()
  let total = 0

  function giveBack(token: string, wanted: Wanted): void {
    const account = accounts.get(token)
    if (account === undefined) return
    const left = (account.counts.get(wanted.key) ?? 0) - 1
    if (left > 0) account.counts.set(wanted.key, left)
    else account.counts.delete(wanted.key)
    const cost = costBeside(left, wanted)
    account.cost -= cost
    total -= cost
    if (account.counts.size === 0) accounts.delete(token)
  }

  return {
    take({ token, wanted }) {
      const account = accounts.get(token) ?? { cost: 0, counts: new Map<string, number>() }
      const same = account.counts.get(wanted.key) ?? 0
      const cost = costBeside(same, wanted)
      if (account.cost + cost > limits.token) throw tooCostly(limits.token, account.cost, cost)
      if (total + cost > limits.server) throw serverTooCostly(limits.server)
      accounts.set(token, account)
      account.counts.set(wanted.key, same + 1)
      account.cost += cost
      total += cost
      return () => giveBack(token, wanted)
    },
  }
}

/** Those that want the same are matched once. */
function costBeside(same: number, { cost, key }: Wanted): number {
  const memory = Math.ceil(key.length / charactersPerCost)
  return subscriptionCost + memory + (same === 0 ? cost : 0)
}

function tooCostly(max: number, used: number, cost: number): RpcError {
  const message = 'The subscriptions of a token may not cost more to match; end one of them first'
  return new RpcError('subscriptions_too_costly', message, { retryable: false, max, used, cost })
}

function serverTooCostly(max: number): RpcError {
  return new RpcError(
    'server_subscriptions_too_costly',
    'The subscriptions of this server already cost too much to match',
    { retryable: true, retry_after_ms: 5000, max },
  )
}
