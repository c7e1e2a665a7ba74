import { z } from 'zod'
import { isExactNumber } from '../../json.ts'

// The kinds of members that seed 004 gives its events.

/** A Guid, in either case. */
export const guid = z.guid()

/** A moment in ISO 8601, with its zone. */
export const moment = z.iso.datetime({ offset: true, error: 'expected a moment in ISO 8601 with its zone' })

/** A moment that need not have come, or need not be set. */
export const maybeMoment = moment.nullable()

/** Any number, also one that a double cannot hold. */
export const number = z
  .unknown()
  .refine(value => typeof value === 'number' || isExactNumber(value), 'expected a number')
  .meta({ type: 'number' })

/** An object with any members. */
export const anyObject = z.unknown().refine(isObject, 'expected an object').meta({ type: 'object' })

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value)
}
