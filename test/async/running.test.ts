import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { createRunning } from '../../src/async/running.ts'

test('what is tracked counts until it has ended, and idle waits for all of it', async () => {
  const running = createRunning()
  const first = Promise.withResolvers<string>()
  const second = Promise.withResolvers<string>()
  const tracked = running.track(first.promise)
  void running.track(second.promise)
  expect(running.count).toBe(2)
  let isIdle = false
  const idle = running.idle().then(() => {
    isIdle = true
  })
  first.resolve('done')
  expect(await tracked).toBe('done')
  expect([running.count, isIdle]).toEqual([1, false])
  second.resolve('done too')
  await idle
  expect(running.count).toBe(0)
})

test('a failure that is tracked and awaited by nobody does not end the process', async () => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => void unhandled.push(error)
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))
  const running = createRunning()
  void running.track(Promise.reject(new Error('nobody asked')))
  await running.idle()
  await sleep(5)
  expect(unhandled).toEqual([])
  await expect(running.track(Promise.reject(new Error('somebody asked')))).rejects.toThrow('somebody asked')
})
