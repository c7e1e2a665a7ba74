import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../../src/database/database.ts'
import { executionEvent } from '../../../src/resource/kind/execution-event.ts'
import { describeEngines } from '../../support/databases.ts'
import { appendAll, type Call, createCaller } from '../caller.ts'

const writers = 8
const rowsOfWriter = 500
const keys = 12
const now = 1_775_000_000_000

interface Row {
  readonly id: number
  readonly message: string
  readonly count: number
  readonly first_timestamp: number
  readonly last_timestamp: number
}

const base = { name: 'n', namespace: 's', reason: 'r', message: 'm' }

describeEngines('records that are merged', (open, engine) => {
  let database: Database
  let call: Call

  beforeAll(async () => {
    database = await open()
    call = createCaller(database, { now: () => now })
  })

  const append = (rows: readonly object[]) => appendAll(call, executionEvent, rows)
  const readRows = async (execution_id: string): Promise<readonly Row[]> => {
    const query = { condition: [{ execution_id }, { limit: 10_000 }] }
    const rows = await call<Row[]>('execution-event_query', { query })
    return rows.toSorted((a, b) => a.id - b.id)
  }

  test('count once for each time they are given, by eight writers at once', async () => {
    // What each writer brings, in an order of its own, as many appends of many sizes.
    const brought = Array.from({ length: writers }, (_, writer) =>
      Array.from({ length: rowsOfWriter }, (_, i) => ({
        ...base,
        execution_id: 'many',
        message: `${(i * (2 * writer + 1) + writer) % keys}`,
        count: 1 + ((i + writer) % 3),
        first_timestamp: 1000 + ((i * 7 + writer) % 100),
        last_timestamp: 5000 + ((i * 11 + writer) % 100),
      })),
    )
    const ids = new Map<string, Set<number | undefined>>()
    await Promise.all(
      // Callers of their own: one alone would gather its appends to one statement at a time.
      brought.map(async (rows, writer) => {
        const own = createCaller(database)
        for (let at = 0, size = 1 + writer; at < rows.length; at += size, size = (size * 7) % 197) {
          const batch = rows.slice(at, at + size)
          const { ids: got } = await own<{ ids: number[] }>('execution-event_append', { rows: batch })
          expect(got).toHaveLength(batch.length)
          for (const [i, { message }] of batch.entries()) {
            ids.set(message, (ids.get(message) ?? new Set()).add(got[i]))
          }
        }
      }),
    )
    const all = brought.flat()
    const expected = Array.from({ length: keys }, (_, key) => {
      const same = all.filter(row => row.message === `${key}`)
      return {
        ids: [...(ids.get(`${key}`) ?? [])],
        count: same.reduce((sum, row) => sum + row.count, 0),
        first_timestamp: Math.min(...same.map(row => row.first_timestamp)),
        last_timestamp: Math.max(...same.map(row => row.last_timestamp)),
      }
    })
    const rows = (await readRows('many')).toSorted((a, b) => Number(a.message) - Number(b.message))
    expect(
      rows.map(({ id, count, first_timestamp, last_timestamp }) => ({
        ids: [id],
        count,
        first_timestamp,
        last_timestamp,
      })),
    ).toEqual(expected)
  })

  // PGlite runs one statement after the other: there is no such test to skip.
  const inACircle = 'never wait for each other in a circle, however the writers order them'
  if (engine === 'postgres')
    test(inACircle, async () => {
      const rows = Array.from({ length: 300 }, (_, i) => ({
        ...base,
        execution_id: 'circle',
        message: `${i}`,
      }))
      const orders = [rows, rows.toReversed(), rows.toSorted((a, b) => a.message.localeCompare(b.message))]
      for (let round = 0; round < 4; round++) {
        await Promise.all(
          [...orders, ...orders].map(order =>
            createCaller(database)('execution-event_append', { rows: order }),
          ),
        )
      }
      expect((await readRows('circle')).map(row => row.count)).toEqual(rows.map(() => 24))
    })

  test('get their ids in the order in which they are first given', async () => {
    const given = (message: string) => ({ ...base, execution_id: 'order', message })
    const ids = await append(Array.from({ length: 200 }, (_, i) => given(`${i}`)))
    expect(ids).toEqual(ids.toSorted((a, b) => a - b))
    expect(new Set(ids).size).toBe(200)
    const [a, b, c, again, old] = await append(['a', 'b', 'c', 'a', '7'].map(given))
    expect([again, old]).toEqual([a, ids[7]])
    expect([a, b, c]).toEqual([a, b, c].toSorted((x, y) => Number(x) - Number(y)))
    expect((await readRows('order')).map(row => row.message)).toEqual([
      ...Array.from({ length: 200 }, (_, i) => `${i}`),
      ...['a', 'b', 'c'],
    ])
  })

  test('differ by every member but the times and the count', async () => {
    const row = {
      ...base,
      execution_id: 'differ',
      type: 'Normal',
      elem_type: null,
      elem_id: null,
      action_name: null,
    }
    const variants = [
      row,
      { ...row, execution_id: 'differ2' },
      { ...row, name: 'n2' },
      { ...row, namespace: 's2' },
      { ...row, reason: 'r2' },
      { ...row, message: 'm2' },
      { ...row, message: 'M' },
      { ...row, message: 'm ' },
      { ...row, message: '' },
      { ...row, type: 'Warning' },
      { ...row, elem_type: 'x' },
      { ...row, object_name: 'x' },
      { ...row, elem_id: 'x' },
      { ...row, action_name: 'x' },
      // What a digest of the members written one after the other would take for the same.
      { ...row, reason: 'rm', message: '' },
      { ...row, reason: 'r","m', message: 'm' },
      { ...row, reason: 'r', message: 'm"],["' },
      { ...row, elem_type: 'null' },
      { ...row, message: 'é' },
      { ...row, message: 'e\u0301' },
    ]
    expect(new Set(await append(variants)).size).toBe(variants.length)
    const times = { first_timestamp: 1, last_timestamp: 2, count: 3 }
    const again = await append(variants.map(each => ({ ...each, ...times })))
    expect(again).toEqual(await append(variants))
  })

  test('span the times of all of them', async () => {
    const given = (times: object) => ({ ...base, execution_id: 'times', ...times })
    const spans = [
      [{}, [now, now, 1]],
      [{ first_timestamp: 500 }, [500, now, 2]],
      [{ last_timestamp: now + 1 }, [500, now + 1, 3]],
      [{ first_timestamp: 600, last_timestamp: 700, count: 10 }, [500, now + 1, 13]],
      [{ first_timestamp: 400, last_timestamp: 700 }, [400, now + 1, 14]],
    ] as const
    for (const [times, [first, last, count]] of spans) {
      await append([given(times)])
      expect(await readRows('times')).toMatchObject([{ first_timestamp: first, last_timestamp: last, count }])
    }
    await append([
      { ...given({}), message: 'together', first_timestamp: 3, last_timestamp: 4 },
      { ...given({}), message: 'together', first_timestamp: 1, last_timestamp: 2 },
      { ...given({}), message: 'together', first_timestamp: 5, last_timestamp: 6, count: 5 },
    ])
    expect((await readRows('times')).at(-1)).toMatchObject({
      first_timestamp: 1,
      last_timestamp: 6,
      count: 7,
    })
  })

  test('begin anew after the record was deleted', async () => {
    const row = { ...base, execution_id: 'gone' }
    const [first] = await append([row, row])
    await call('execution-event_delete', { query: { condition: [{ execution_id: 'gone' }] } })
    const [second] = await append([row])
    expect(second).toBeGreaterThan(Number(first))
    expect(await readRows('gone')).toMatchObject([{ id: second, count: 1 }])
  })

  test('fail alone when their count would not fit any more', async () => {
    const large = { ...base, execution_id: 'large', count: Number.MAX_SAFE_INTEGER }
    const most = Array.from({ length: 1000 }, () => large)
    await append(most)
    const refused = expect(append(most)).rejects.toMatchObject({ code: 108 })
    const fine = append([{ ...base, execution_id: 'fine' }])
    await refused
    expect(await fine).toHaveLength(1)
  })
})
