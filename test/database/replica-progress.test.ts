import { expect, test } from 'vitest'
import { createReplicaProgress } from '../../src/database/replica-progress.ts'

test('a replica is proven up to the newest position that it has replayed', () => {
  const progress = createReplicaProgress()
  expect(progress.provenUpTo).toBe(-Infinity)
  progress.replayed(1000)
  expect(progress.provenUpTo).toBe(-Infinity)
  progress.sample(1, 100)
  progress.sample(2, 200)
  progress.sample(3, 300)
  progress.replayed(99)
  expect(progress.provenUpTo).toBe(-Infinity)
  progress.replayed(250)
  expect(progress.provenUpTo).toBe(2)
  progress.replayed(300)
  expect(progress.provenUpTo).toBe(3)
})

test('an idle primary’s replica stays proven', () => {
  const progress = createReplicaProgress()
  for (let time = 0; time < 10; time++) {
    progress.sample(time, 100)
    progress.replayed(100)
    expect(progress.provenUpTo).toBe(time)
  }
})

test('one that is not trusted is proven again by what it shows then', () => {
  const progress = createReplicaProgress()
  progress.sample(1, 100)
  progress.replayed(100)
  progress.forget()
  expect(progress.provenUpTo).toBe(-Infinity)
  progress.replayed(100)
  expect(progress.provenUpTo).toBe(1)
})

test('the positions of another primary replace those of the one before', () => {
  const progress = createReplicaProgress()
  progress.sample(1, 1000)
  progress.sample(2, 100)
  progress.replayed(100)
  expect(progress.provenUpTo).toBe(2)
})

test('a replica that lags for long costs no memory, and its lag is never told too small', () => {
  const progress = createReplicaProgress()
  for (let time = 0; time < 10_000; time++) progress.sample(time, time)
  progress.replayed(5000)
  expect(progress.provenUpTo).toBeLessThanOrEqual(5000)
  expect(progress.provenUpTo).toBeGreaterThan(4900)
})
