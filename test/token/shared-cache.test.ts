import { describe, expect, test } from 'vitest'
import { createSharedCache } from '../../src/token/shared-cache.ts'

/** A load that ends when it is told to. */
function deferred() {
  return Promise.withResolvers<{ name: string }>()
}

describe('a shared cache', () => {
  test('loads a key once, also when several ask at the same time', async () => {
    const lookups: boolean[] = []
    const onLookup = (isHit: boolean) => lookups.push(isHit)
    const cache = createSharedCache<{ name: string }>({ maxEntries: 10, onLookup })
    const { promise, resolve } = deferred()
    const load = () => promise
    const fail = () => Promise.reject(new Error('loaded twice'))
    const [first, second] = [cache.get('a', load), cache.get('a', fail)]
    resolve({ name: 'a' })
    expect(await first).toBe(await second)
    expect(await cache.get('a', fail)).toBe(await first)
    expect(lookups).toEqual([false, false, true])
  })

  test('keeps no failure', async () => {
    const cache = createSharedCache<{ name: string }>({ maxEntries: 10 })
    await expect(cache.get('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await cache.get('a', async () => ({ name: 'a' }))).toEqual({ name: 'a' })
  })

  test('neither keeps nor shares what was under way when it was cleared', async () => {
    const cache = createSharedCache<{ name: string }>({ maxEntries: 10 })
    const before = deferred()
    const old = cache.get('a', () => before.promise)
    cache.clear()
    const renewed = cache.get('a', async () => ({ name: 'new' }))
    before.resolve({ name: 'old' })
    expect(await old).toEqual({ name: 'old' })
    expect(await renewed).toEqual({ name: 'new' })
    expect(await cache.get('a', () => Promise.reject(new Error('was not kept')))).toEqual({ name: 'new' })
  })

  test('keeps no more than it may', async () => {
    const cache = createSharedCache<{ name: string }>({ maxEntries: 2 })
    for (const name of ['a', 'b', 'c']) await cache.get(name, async () => ({ name }))
    const again = async () => ({ name: 'loaded again' })
    expect(await cache.get('c', again)).toEqual({ name: 'c' })
    expect(await cache.get('b', again)).toEqual({ name: 'b' })
    expect(await cache.get('a', again)).toEqual({ name: 'loaded again' })
  })
})
