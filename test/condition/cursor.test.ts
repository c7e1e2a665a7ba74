import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { beyond, decodeCursor, encodeCursor, type Position } from '../../src/condition/cursor.ts'

const someTime = fc.option(fc.integer({ min: -1e14, max: 1e14 }))
const someOrder = fc.constantFrom('newest' as const, 'oldest' as const)
const somePosition: fc.Arbitrary<Position> = fc.record(
  {
    order: someOrder,
    time: someTime,
    key: fc.maxSafeNat(),
    onPrimary: fc.constant(true),
  },
  { requiredKeys: ['order', 'time', 'key'] },
)
const bad = expect.objectContaining({ code: -32602, data: { reason: 'bad_cursor', path: 'after' } })

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

describe('a cursor', () => {
  test('leads back to its position', () => {
    fc.assert(
      fc.property(somePosition, position => {
        expect(decodeCursor(encodeCursor(position), position.order, 'after')).toEqual(position)
      }),
    )
  })

  test('of the other order is refused', () => {
    fc.assert(
      fc.property(somePosition, position => {
        const other = position.order === 'newest' ? 'oldest' : 'newest'
        expect(() => decodeCursor(encodeCursor(position), other, 'after')).toThrow(bad)
      }),
    )
  })

  test('that something was added to or taken from is refused', () => {
    const someText = fc.string({ minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(somePosition, someText, fc.nat(), (position, text, at) => {
        const cursor = encodeCursor(position)
        const place = at % (cursor.length + 1)
        const longer = cursor.slice(0, place) + text + cursor.slice(place)
        for (const tampered of [longer, cursor.slice(1), cursor.slice(0, -2), ` ${cursor}`, `${cursor}=`]) {
          const isCursor = isWellMade(tampered, position.order)
          if (isCursor) continue
          expect(() => decodeCursor(tampered, position.order, 'after')).toThrow(bad)
        }
      }),
    )
  })

  test.each([
    ['no text', ''],
    ['no base64', '%%%'],
    ['no JSON', Buffer.from('hello').toString('base64url')],
    ['no list', base64url({ 0: 1 })],
    ['null', base64url(null)],
    ['another version', base64url([2, 'newest', 1, 1])],
    ['an unknown order', base64url([1, 'sideways', 1, 1])],
    ['a broken time', base64url([1, 'newest', 1.5, 1])],
    ['a time as text', base64url([1, 'newest', '1', 1])],
    ['no time', base64url([1, 'newest'])],
    ['a key that is null', base64url([1, 'newest', 1, null])],
    ['a key as text', base64url([1, 'newest', 1, '1'])],
    ['a key too large', Buffer.from('[1,"newest",1,9007199254740993]').toString('base64url')],
    ['one value too many', base64url([1, 'newest', 1, 1, 1])],
    ['spaces in it', Buffer.from('[1, "newest", 1, 1]').toString('base64url')],
    ['a number in another form', Buffer.from('[1,"newest",1e0,1]').toString('base64url')],
  ])('with %s is refused', (_what, text) => {
    expect(() => decodeCursor(text, 'newest', 'after')).toThrow(bad)
  })
})

/** Says by the rule, not by the code under test: only what `encodeCursor` writes is a cursor. */
function isWellMade(text: string, order: string): boolean {
  const json = Buffer.from(text, 'base64url').toString()
  const parts = /^\[1,"(\w+)",(-?\d+|null),(-?\d+)\]$/.exec(json)
  if (parts === null || parts[1] !== order) return false
  const numbers = [parts[2], parts[3]].filter(part => part !== 'null')
  return (
    numbers.every(part => Number.isSafeInteger(Number(part)) && String(Number(part)) === part) &&
    Buffer.from(json).toString('base64url') === text
  )
}

describe('the records beyond a position', () => {
  const nullable = { time: 'at', timeNullable: true, key: 'id' }
  const always = { ...nullable, timeNullable: false }
  const moment = '1970-01-01T00:00:00.005Z'
  const isNull = { type: 'null', column: 'at' }

  test('of the newest first are the older ones, then those without a time', () => {
    const older = { type: 'before', columns: ['at', 'id'], values: [moment, 7] }
    const position: Position = { order: 'newest', time: 5, key: 7 }
    expect(beyond(position, nullable)).toEqual([older, isNull])
    expect(beyond(position, always)).toEqual([older])
  })

  test('without a time, newest first, are those without a time and with a lesser key', () => {
    const lesser = { type: 'before', columns: ['id'], values: [7] }
    expect(beyond({ order: 'newest', time: null, key: 7 }, nullable)).toEqual([
      { type: 'and', all: [isNull, lesser] },
    ])
  })

  test('of the oldest first are the newer ones', () => {
    const newer = { type: 'after', columns: ['at', 'id'], values: [moment, 7] }
    expect(beyond({ order: 'oldest', time: 5, key: 7 }, nullable)).toEqual([newer])
  })

  test('without a time, oldest first, are those without a time and with a greater key, then all with one', () => {
    const greater = { type: 'after', columns: ['id'], values: [7] }
    expect(beyond({ order: 'oldest', time: null, key: 7 }, nullable)).toEqual([
      { type: 'and', all: [isNull, greater] },
      { type: 'not_null', column: 'at' },
    ])
  })
})
