import { expect, test } from 'vitest'
import { currentBehalf, onBehalfOf } from '../../src/fairness/behalf.ts'
import { createTimeSlices, type Follower } from '../../src/stream/time-slices.ts'

const slices = createTimeSlices(error => {
  throw error
})

/** Has so many slices of work to do, each as long as it may be. */
function follower(token: string, count: number, onSlice: (token: string) => void): Follower {
  let left = count
  return {
    token,
    async goOn() {
      await slices.run(slice => {
        while (!slice.spend(100));
        onSlice(token)
      })
      left -= 1
      return left > 0
    },
  }
}

test('one token with much to do does not keep another one waiting, nor the event loop', async () => {
  const done: string[] = []
  let loops = 0
  const count = (): void => {
    loops += 1
    if (done.length < 60) setImmediate(count)
  }
  setImmediate(count)
  for (let i = 0; i < 50; i++) slices.wake(follower('busy', 1, token => void done.push(token)))
  for (let i = 0; i < 10; i++) slices.wake(follower('modest', 1, token => void done.push(token)))
  await expect.poll(() => done.length, { timeout: 5000 }).toBe(60)
  expect(done.lastIndexOf('modest')).toBeLessThan(30)
  expect(loops).toBeGreaterThan(50)
})

test('whoever is woken while it is at work goes on', async () => {
  let rounds = 0
  const again: Follower = {
    token: 'one',
    async goOn() {
      rounds += 1
      if (rounds === 1) slices.wake(again)
      return false
    },
  }
  slices.wake(again)
  await expect.poll(() => rounds).toBe(2)
})

test('what many wait for is done on nobody’s behalf', async () => {
  const behalf = new Promise(resolve => {
    const asked: Follower = {
      token: 'one',
      async goOn() {
        resolve(currentBehalf())
        return false
      },
    }
    onBehalfOf('somebody', () => slices.wake(asked))
  })
  expect(await behalf).toBeUndefined()
})
