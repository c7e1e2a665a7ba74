import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { localInputOf, timeOfLocalInput } from '../../../src/console/model/local-time.ts'

describe('the input of a time', () => {
  it('gives back what it was given, to the millisecond', () => {
    // At noon no zone changes its clock.
    const times = fc.integer({ min: 0, max: 30_000 }).map(day => day * 86_400_000 + 12 * 3_600_000 + 345)
    fc.assert(
      fc.property(times, time => {
        expect(localInputOf(time)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:00\.345$/)
        expect(timeOfLocalInput(localInputOf(time))).toBe(time)
      }),
    )
  })

  it('gives nothing for what is no time', () => {
    expect(timeOfLocalInput('')).toBeUndefined()
    expect(timeOfLocalInput('tomorrow')).toBeUndefined()
  })
})
