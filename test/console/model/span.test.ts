import { describe, expect, it } from 'vitest'
import {
  joinMonitors,
  type MonitorDefinition,
  type MonitorStanding,
} from '../../../src/console/model/monitor.ts'
import { spanOf } from '../../../src/console/model/span.ts'

describe('a length of time', () => {
  it.each([
    [0, 0, 's'],
    [250, 250, 'ms'],
    [90_000, 90, 's'],
    [3_600_000, 1, 'h'],
    [2_592_000_000, 30, 'd'],
  ])('of %i ms is entered as %i %s', (ms, count, unit) => {
    expect(spanOf(ms)).toEqual({ count, unit })
  })
})

describe('monitors', () => {
  it('of the same name and different owners have standings of their own', () => {
    const of = (owner: string) => ({ name: 'failures', owner })
    const definitions = [of('a'), of('b'), of('c')] as MonitorDefinition[]
    const standings = [of('b'), of('a')] as MonitorStanding[]
    expect(joinMonitors(definitions, standings).map(({ standing }) => standing?.owner)).toEqual([
      'a',
      'b',
      undefined,
    ])
  })
})
