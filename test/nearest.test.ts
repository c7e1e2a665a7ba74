import { expect, test } from 'vitest'
import { didYouMean, nearest } from '../src/nearest.ts'

const words = ['query', 'older_than_ms', 'dry_run', 'limit', 'DAYBOOK_ALLOWED_HOSTS', 'id']

test.each([
  ['querry', 'query'],
  ['qurey', 'query'],
  ['olderThanMs', 'older_than_ms'],
  ['older-than-ms', 'older_than_ms'],
  ['DryRun', 'dry_run'],
  ['limits', 'limit'],
  ['DAYBOOK_ALLOW_HOSTS', 'DAYBOOK_ALLOWED_HOSTS'],
])('%s was meant to be %s', (word, meant) => {
  expect(nearest(word, words)).toBe(meant)
  expect(didYouMean(nearest(word, words))).toContain(meant)
})

test.each(['', 'x', 'ix', 'token', 'constructor', 'q'.repeat(1e6)])('nothing is near %.20s', word => {
  expect(nearest(word, words)).toBeUndefined()
  expect(didYouMean(nearest(word, words))).toBe('')
})

test('the nearest of several is taken', () => {
  expect(nearest('start_time_frm', ['start_time_to', 'start_time_from', 'start_time'])).toBe(
    'start_time_from',
  )
})
