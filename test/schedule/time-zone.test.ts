import { expect, test } from 'vitest'
import { timeZoneFault } from '../../src/schedule/time-zone.ts'

test.each([
  'UTC',
  'utc',
  'GMT',
  'Europe/Berlin',
  'europe/berlin',
  'America/Argentina/Buenos_Aires',
  'America/Port-au-Prince',
  'Asia/Calcutta',
  'US/Pacific',
  'Etc/GMT+3',
  'Etc/UTC',
])('%s is a time zone', tz => {
  expect(timeZoneFault(tz)).toBeUndefined()
})

// The host's data takes each of them for one of the zones that it may mean.
test.each([
  'BST',
  'bst',
  'CST',
  'Cst',
  'IST',
  'EST',
  'PST',
  'AST',
  'ACT',
  'SST',
  'MST',
  'MET',
  'JST',
  'EST5EDT',
])('%s is refused: it may mean several zones, or one without its clock changes', tz => {
  expect(timeZoneFault(tz)).toEqual(expect.any(String))
})

test.each([
  '',
  'local',
  'system',
  '+01:00',
  'UTC+1',
  'Europe/Nowhere',
  'Europe/Berlin ',
  '/UTC',
  'x'.repeat(1e6),
])('%.20s is none', tz => {
  expect(timeZoneFault(tz)).toEqual(expect.any(String))
})
