import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { coalesce } from '../../src/async/coalesce.ts'

test('requests that come while the work runs are met by one more run', async () => {
  const gates: (() => void)[] = []
  const work = coalesce(
    () => new Promise(resolve => gates.push(resolve)),
    () => undefined,
  )
  work.run()
  work.run()
  work.run()
  expect(gates).toHaveLength(1)
  gates[0]?.()
  await sleep(1)
  expect(gates).toHaveLength(2)
  gates[1]?.()
  await sleep(1)
  expect(gates).toHaveLength(2)
  work.run()
  expect(gates).toHaveLength(3)
})

test('a failed run is told, and the next one happens all the same', async () => {
  const errors: unknown[] = []
  let runs = 0
  const work = coalesce(
    async () => {
      runs++
      if (runs === 1) throw new Error('once')
    },
    error => errors.push(error),
  )
  work.run()
  work.run()
  await sleep(1)
  expect([runs, errors.length]).toEqual([2, 1])
})

test('stop waits for the run under way, and begins no other', async () => {
  const ended: string[] = []
  const work = coalesce(
    async () => {
      await sleep(5)
      ended.push('run')
    },
    () => undefined,
  )
  work.run()
  work.run()
  await work.stop()
  work.run()
  await sleep(10)
  expect(ended).toEqual(['run'])
})
