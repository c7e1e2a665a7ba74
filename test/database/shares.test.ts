import { describe, expect, test } from 'vitest'
import { createShares, type Place, type Shares } from '../../src/database/shares.ts'
import { RpcError } from '../../src/errors.ts'
import { onBehalfOf } from '../../src/fairness/behalf.ts'

/** Asks for places, one after the other, and knows which have been given out. */
function asker(shares: Shares) {
  const given: { readonly whom: string; readonly place: Place }[] = []
  const refused: string[] = []
  const settle = () => new Promise(resolve => setImmediate(resolve))
  return {
    given: () => given.map(({ whom }) => whom).join(''),
    refused,
    async ask(whoms: string): Promise<void> {
      for (const whom of whoms) {
        const take = whom === '-' ? shares.take() : onBehalfOf(whom, () => shares.take())
        take.then(
          place => given.push({ whom, place }),
          error => refused.push(`${whom} ${error instanceof RpcError ? error.data.reason : error}`),
        )
        await settle()
      }
    },
    async release(whom: string): Promise<void> {
      const at = given.findIndex(each => each.whom === whom)
      for (const { place } of given.splice(at, 1)) place.release()
      await settle()
    },
  }
}

const slow = () => new Promise(resolve => setTimeout(resolve, 120))

describe('shares of ten places', () => {
  test('leave places for others, however much one asks for', async () => {
    const { ask, given, release } = asker(createShares({ places: 10 }))
    await ask('aaaaaaaaaaaa')
    expect(given()).toBe('aaaaaa')
    await ask('b')
    expect(given()).toBe('aaaaaab')
    await release('a')
    expect(given()).toBe('aaaaaba')
  })

  test('give places that come back quickly to whoever asks, and slow ones by share', async () => {
    const { ask, given, release } = asker(createShares({ places: 10 }))
    await ask('aaaaaaaa')
    await slow()
    // Its share alone is four of the eight.
    await release('a')
    await release('a')
    expect(given()).toBe('aaaa')
    // Of what is new nobody knows yet that it is slow.
    await release('a')
    expect(given()).toBe('aaaaa')
  })

  test('keep places for the server itself, for which everybody waits', async () => {
    const { ask, given } = asker(createShares({ places: 10 }))
    await ask('aaaaaabbbbbcccdd--')
    expect(given()).toBe('aaaaaabb--')
  })

  test('go round among those that wait', async () => {
    const { ask, given, release } = asker(createShares({ places: 10 }))
    await ask('aaaaaabb')
    await ask('bbcd')
    await slow()
    await release('a')
    await release('a')
    expect(given()).toBe('aaaabbcd')
    // It has two slow ones already: what is left is for somebody new.
    await release('a')
    expect(given()).toBe('aaabbcd')
    await ask('e')
    expect(given()).toBe('aaabbcde')
  })
})

test.each([
  [1, 'aaa', 'a'],
  [2, 'aaa', 'a'],
  [2, 'a-', 'a-'],
  [3, 'aaaa', 'aa'],
  [4, 'aaaa', 'a'],
  [1, '-a', '-'],
])('of %i places %s get %s', async (places, asked, given) => {
  const them = asker(createShares({ places }))
  await them.ask(asked)
  expect(them.given()).toBe(given)
})

test('one place goes round', async () => {
  const { ask, given, release } = asker(createShares({ places: 1 }))
  await ask('aaab-')
  const order: string[] = []
  for (let i = 0; i < 5; i++) {
    order.push(given())
    await release(given())
  }
  expect(order.join('')).toBe('aab-a')
})

test('whoever waits for too long, or lets too much wait, is refused, and nobody else', async () => {
  const { ask, refused, given, release } = asker(createShares({ places: 1, maxWaitMs: 50, maxWaiting: 2 }))
  await ask('aaaab')
  expect(refused).toEqual(['a pool_exhausted'])
  await slow()
  expect(refused.toSorted()).toEqual([
    'a pool_exhausted',
    'a pool_exhausted',
    'a pool_exhausted',
    'b pool_exhausted',
  ])
  await release('a')
  await ask('c')
  expect(given()).toBe('c')
})

test('closed shares refuse whoever waits and whoever comes', async () => {
  const shares = createShares({ places: 1 })
  const { ask, refused } = asker(shares)
  await ask('ab')
  shares.close(() => new Error('closed'))
  await ask('c')
  expect(refused.toSorted()).toEqual(['b Error: closed', 'c Error: closed'])
})
