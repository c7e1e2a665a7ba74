import { expect, test } from 'vitest'
import { RpcError } from '../../src/errors.ts'
import type { Presented } from '../../src/permission/grant.ts'
import { createTickets, type StreamAsked } from '../../src/stream/ticket.ts'
import { superToken } from '../resource/caller.ts'
import { fault } from '../token/tokens.ts'

const asked: StreamAsked = {
  resource: 'js-result',
  condition: [{ js_worker_name: 'a' }],
  format: 'row',
  after: 7,
}
const presented: Presented = { tokenKey: 'key', generation: 3 }
const minute = 60_000
const day = 24 * 60 * minute

function start(key = 'a secret text') {
  const state = { now: 1000, looked: [] as Presented[] }
  const tickets = createTickets({
    key,
    clock: () => state.now,
    represent: async each => {
      state.looked.push(each)
      return superToken
    },
  })
  return { state, tickets }
}

function opened(open: () => unknown): unknown {
  try {
    return open()
  } catch (error) {
    return error instanceof RpcError ? error : String(error)
  }
}

test('a ticket begins streams for a minute, and resumes them for a day', () => {
  const { state, tickets } = start()
  const { ticket, beginUntil } = tickets.mint(presented, asked)
  expect(beginUntil).toBe(1000 + minute)
  const outcome = (isResumed: boolean) => opened(() => tickets.open(ticket, () => isResumed))
  for (const [now, begins, resumes] of [
    [beginUntil, true, true],
    [beginUntil + 1, false, true],
    [1000 + day, false, true],
    [1001 + day, false, false],
  ] as const) {
    state.now = now
    const expired = fault(102, 'ticket_expired')
    expect(outcome(false)).toMatchObject(begins ? { asked } : expired)
    expect(outcome(true)).toMatchObject(resumes ? { asked } : expired)
  }
})

test('it asks who holds it each time, and holds what was asked', async () => {
  const { state, tickets } = start()
  const ticket = tickets.open(tickets.mint(presented, asked).ticket, () => false)
  expect(await ticket.holder()).toBe(superToken)
  await ticket.holder()
  expect(state.looked).toEqual([presented, presented])
})

test('each is another one, and none of another key', () => {
  const { tickets } = start()
  const [one, two] = [tickets.mint(presented, asked).ticket, tickets.mint(presented, asked).ticket]
  expect(tickets.open(one, () => false).id).not.toBe(tickets.open(two, () => false).id)
  const foreign = start('another secret text').tickets.mint(presented, asked).ticket
  expect(opened(() => tickets.open(foreign, () => false))).toMatchObject(fault(102, 'permission_denied'))
})

test('what fits into no URL is refused', () => {
  const condition = [{ js_worker_name_in: Array.from({ length: 400 }, (_, i) => `a long name ${i}`) }]
  expect(opened(() => start().tickets.mint(presented, { ...asked, condition }))).toMatchObject(
    fault(108, 'ticket_too_long', 'query'),
  )
})
