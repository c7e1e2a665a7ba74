import { expect, test } from 'vitest'
import { createTurns } from '../../src/rpc/turns.ts'

test('everybody has a turn before anybody has a second one, and others are served between two turns', async () => {
  const turns = createTurns()
  const seen: string[] = []
  const wait = (whom: string, name: string) => turns.next(whom).then(() => void seen.push(name))
  const all = Promise.all([wait('a', 'a1'), wait('a', 'a2'), wait('a', 'a3'), wait('b', 'b1')])
  let rounds = 0
  const count = (): void => {
    rounds++
    if (seen.length < 4) setImmediate(count)
  }
  setImmediate(count)
  await all
  expect(seen).toEqual(['a1', 'b1', 'a2', 'a3'])
  expect(rounds).toBeGreaterThanOrEqual(3)
  // It begins again once nobody waited.
  await turns.next('c')
})

test('what waits has a bound in bytes, by whom it waits for and in all, and whoever is below it goes on', async () => {
  const turns = createTurns({ maxBytes: 400 })
  const asked = [
    ['a', 60],
    ['a', 40],
    ['a', 1],
    ['b', 300],
    ['c', 90],
    ['c', 1],
  ] as const
  const answers = await Promise.allSettled(asked.map(([whom, bytes]) => turns.next(whom, bytes)))
  expect(answers.map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
    'rejected',
  ])
  expect(answers[2]).toMatchObject({ reason: { data: { reason: 'too_many_bodies', retryable: true } } })
  await turns.next('a', 100)
})
