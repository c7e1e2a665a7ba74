import { describe, expect, test } from 'vitest'
import { createFairQueue, type FairQueue } from '../../src/fairness/fair-queue.ts'

function filled(...items: readonly string[]): FairQueue<string, string> {
  const queue = createFairQueue<string, string>()
  for (const item of items) queue.push(item.charAt(0), item)
  return queue
}

function takeAll(queue: FairQueue<string, string>): readonly string[] {
  const taken: string[] = []
  for (let item = queue.take(); item !== undefined; item = queue.take()) taken.push(item)
  return taken
}

describe('a fair queue', () => {
  test('gives each key a turn before anybody has a second one', () => {
    expect(takeAll(filled('a1', 'a2', 'a3', 'b1', 'c1', 'b2'))).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
  })

  test('puts whoever had a turn behind the others, newcomers included', () => {
    const queue = filled('a1', 'a2', 'a3')
    expect(queue.take()).toBe('a1')
    queue.push('b', 'b1')
    expect([...queue.keys()]).toEqual(['a', 'b'])
    expect(takeAll(queue)).toEqual(['a2', 'b1', 'a3'])
  })

  test('passes over keys that may have no turn now', () => {
    const queue = filled('a1', 'b1', 'a2')
    expect(queue.take(key => key !== 'a')).toBe('b1')
    expect(queue.take(key => key !== 'a')).toBeUndefined()
    expect(takeAll(queue)).toEqual(['a1', 'a2'])
  })

  test('lets go of what does not want to wait any more', () => {
    const queue = filled('a1', 'a2', 'b1')
    expect(queue.remove('a', 'a1')).toBe(true)
    expect(queue.remove('a', 'a1')).toBe(false)
    expect([queue.size, queue.sizeOf('a'), queue.sizeOf('b'), queue.sizeOf('c')]).toEqual([2, 1, 1, 0])
    expect(queue.clear().toSorted()).toEqual(['a2', 'b1'])
    expect(queue.size).toBe(0)
    expect(queue.take()).toBeUndefined()
  })
})
