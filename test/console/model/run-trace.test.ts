import { expect, test } from 'vitest'
import {
  attemptsOf,
  itemsQueuedAt,
  jobsBegunAt,
  linesOf,
  type TraceEvent,
} from '../../../src/console/model/run-trace.ts'

const began = Date.UTC(2026, 0, 1)
const iso = (ms: number): string => new Date(began + ms).toISOString()
let last = 0

function event(event_type: string, body: unknown): TraceEvent {
  return { sequence_number: ++last, event_type, timestamp: began, body }
}

const job = (Key: string, start: number) => event('job.started', { Job: { Key, StartTime: iso(start) } })
const line = (message: string, of: object) =>
  event('robotlog', { Level: 'Info', RobotLog: { message, ...of } })
const item = (Key: string, RetryNumber: number, Status: string, ms: [number | null, number | null]) =>
  event('queueItem.x', {
    QueueItem: {
      Key,
      RetryNumber,
      Status,
      CreationTime: iso(0),
      StartProcessing: ms[0] === null ? null : iso(ms[0]),
      EndProcessing: ms[1] === null ? null : iso(ms[1]),
      ProcessExceptionDetails: Status === 'Retried' ? 'no luck' : null,
    },
  })

test('lines are told apart by the job that began when the record did', () => {
  const events = [job('a', 0), job('b', 5), line('of b', { jobId: 'b' }), line('of a', { jobId: 'a' })]
  const keys = jobsBegunAt(events, began)
  expect(linesOf(events.toReversed(), 'jobId', keys).map(({ message }) => message)).toEqual(['of a'])
  expect(linesOf(events, 'jobId', jobsBegunAt(events, began + 1))).toEqual([])
})

test('an attempt is as it was told of last, and one that has not begun is none', () => {
  const events = [
    item('k', 1, 'New', [null, null]),
    item('k', 1, 'InProgress', [10, null]),
    item('k', 1, 'Retried', [10, 20]),
    item('k', 2, 'InProgress', [30, null]),
    item('other', 7, 'Successful', [1, 2]),
  ]
  const keys = new Set(['k'])
  expect(attemptsOf(events.toReversed(), keys)).toEqual([
    { number: 1, status: 'Retried', start: began + 10, finish: began + 20, error: 'no luck' },
    { number: 2, status: 'InProgress', start: began + 30, finish: undefined, error: undefined },
  ])
  expect(itemsQueuedAt(events, began)).toEqual(new Set(['k', 'other']))
  expect(itemsQueuedAt(events, began + 1)).toEqual(new Set())
})

test('change events of programs, whose bodies hold anything, are passed over', () => {
  const odd = [null, 'text', { Job: null }, { QueueItem: 7 }, { RobotLog: [] }]
  const events = odd.map(body => event('robotlog', body))
  expect(jobsBegunAt(events, began).size + itemsQueuedAt(events, began).size).toBe(0)
  expect(linesOf(events, 'jobId', new Set(['a']))).toEqual([])
  expect(attemptsOf(events, new Set(['a']))).toEqual([])
})
