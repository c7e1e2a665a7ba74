import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import {
  currentBehalf,
  onBehalfOf,
  onOwnBehalf,
  strangerAt,
  whoeverKnows,
} from '../../src/fairness/behalf.ts'

test('work is done on behalf of whoever began it, also after a wait', async () => {
  const seen = await Promise.all(
    ['a', 'b'].map(whom =>
      onBehalfOf(whom, async () => {
        await sleep(1)
        return currentBehalf()
      }),
    ),
  )
  expect(seen).toEqual(['a', 'b'])
  expect(currentBehalf()).toBeUndefined()
})

test('what many wait for is done on the own behalf of the server', () => {
  expect(onBehalfOf('a', () => onOwnBehalf(currentBehalf))).toBeUndefined()
})

test('what is done is known to whoever it is done for, or to all who wait for it together', () => {
  expect(whoeverKnows()).toEqual([undefined])
  expect(onBehalfOf('a', whoeverKnows)).toEqual(['a'])
  expect(onBehalfOf('a', () => onOwnBehalf(whoeverKnows, ['b', 'c']))).toEqual(['b', 'c'])
})

test('strangers are told apart by their addresses', () => {
  expect(strangerAt('10.0.0.1')).not.toBe(strangerAt('10.0.0.2'))
})
