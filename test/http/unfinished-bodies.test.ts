import { expect, onTestFinished, test } from 'vitest'
import { createUnfinishedBodies, type Unfinished } from '../../src/http/unfinished-bodies.ts'

const mebibyte = 1024 * 1024

/** A budget of 16 MiB: 4 for a share. */
function start() {
  const bodies = createUnfinishedBodies({ maxUnfinishedBytes: 16 * mebibyte, maxBodyBytes: mebibyte })
  onTestFinished(bodies.close)
  const ended: string[] = []
  /** A body that holds a mebibyte. */
  const hold = (share: string, name = share): Unfinished => {
    const body = bodies.begin({ share, giveUp: reason => ended.push(`${name} ${reason}`) })
    body.hold(mebibyte, mebibyte)
    return body
  }
  return { bodies, ended, hold }
}

test('what has arrived whole holds nothing any more', () => {
  const { bodies, ended, hold } = start()
  const all = Array.from({ length: 4 }, () => hold('a'))
  expect(bodies.bytes).toBe(4 * mebibyte)
  for (const body of all) body.finish()
  expect(bodies.bytes).toBe(0)
  for (let i = 0; i < 100; i++) hold('a').finish()
  expect(ended).toEqual([])
})

test('beyond the share of an address its body ends that has brought nothing for longest, nobody else loses one', async () => {
  const { bodies, ended, hold } = start()
  hold('b')
  const [oldest] = [hold('a', 'first'), hold('a', 'second'), hold('a', 'third'), hold('a', 'fourth')]
  await new Promise(resolve => setTimeout(resolve, 5))
  oldest?.hold(mebibyte, mebibyte + 1)
  hold('a', 'fifth')
  expect(ended).toEqual(['second over_budget'])
  expect(bodies.bytes).toBe(5 * mebibyte)
})

test('beyond the budget whoever holds most loses one', () => {
  const { bodies, ended, hold } = start()
  for (const share of ['a', 'b', 'c']) for (let i = 0; i < 4; i++) hold(share)
  for (let i = 0; i < 3; i++) hold('d')
  hold('e')
  hold('f')
  expect(ended).toHaveLength(1)
  expect(['a over_budget', 'b over_budget', 'c over_budget']).toContain(ended[0])
  expect(bodies.bytes).toBe(16 * mebibyte)
})

test('what was given up holds nothing, whatever still comes of it', () => {
  const { bodies, hold } = start()
  const first = hold('a')
  for (let i = 0; i < 4; i++) hold('a')
  first.hold(2 * mebibyte, 2 * mebibyte)
  first.finish()
  expect(bodies.bytes).toBe(4 * mebibyte)
})

test('two bodies of the largest size fit into the share of an address, however small the budget is', () => {
  const bodies = createUnfinishedBodies({ maxUnfinishedBytes: mebibyte, maxBodyBytes: 8 * mebibyte })
  onTestFinished(bodies.close)
  const ended: string[] = []
  for (let i = 0; i < 2; i++) {
    const body = bodies.begin({ share: 'a', giveUp: reason => ended.push(reason) })
    body.hold(8 * mebibyte, 8 * mebibyte)
  }
  expect(ended).toEqual([])
})
