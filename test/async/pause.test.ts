import { expect, test } from 'vitest'
import { createBell } from '../../src/async/bell.ts'
import { pause, startPause } from '../../src/async/pause.ts'
import { within } from '../../src/async/within.ts'

const long = 60_000

test('a pause ends after its time', async () => {
  await pause(1)
})

test('a pause ends early when it is told to, or when its signal is aborted, also before it begins', async () => {
  const ended = startPause(long)
  ended.end()
  await ended.over
  const stopping = new AbortController()
  const stopped = pause(long, stopping.signal)
  stopping.abort()
  await stopped
  await pause(long, stopping.signal)
})

test('a bell wakes the one who waits, and a ring that came before is not lost', async () => {
  const bell = createBell()
  const woken = bell.wait(long)
  bell.ring()
  await woken
  await bell.wait(1)
  bell.ring()
  await bell.wait(long)
})

test('within a time work gives what it resolves to, fails as it does, and is undefined when it is late', async () => {
  expect(await within(long, Promise.resolve('done'))).toBe('done')
  await expect(within(long, Promise.reject(new Error('failed')))).rejects.toThrow('failed')
  expect(await within(1, new Promise(() => {}))).toBeUndefined()
})
