import { describe, expect, test } from 'vitest'
import { createBatchQueue, type Write } from '../../src/async/batch-queue.ts'
import { RpcError } from '../../src/errors.ts'
import { currentBehalf, onBehalfOf, whoeverKnows } from '../../src/fairness/behalf.ts'
import type { BoundRow } from '../../src/resource/row.ts'

/** A table in memory whose inserts end when the test says so. */
function createTable(settle: (rows: readonly BoundRow[]) => void | Promise<void> = () => undefined) {
  const statements: (readonly BoundRow[])[] = []
  let lastId = 0
  const insert: Write<BoundRow, number> = async rows => {
    statements.push(rows)
    await settle(rows)
    return rows.map(() => ++lastId)
  }
  return { append: createBatchQueue({ write: insert, what: 'appends' }), statements }
}

function rowsOf(count: number, value: unknown = 'row'): BoundRow[] {
  return Array.from({ length: count }, () => [value])
}

function refused(): RpcError {
  return new RpcError('value_refused', 'The database refused a value')
}

describe('a batch queue', () => {
  test('writes what arrives in one turn with one statement', async () => {
    const { append, statements } = createTable()
    const ids = await Promise.all(Array.from({ length: 100 }, () => append(rowsOf(1))))
    expect(statements).toHaveLength(1)
    expect(ids.flat()).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
  })

  test('writes for all who wait, on nobody’s behalf', async () => {
    const seen: unknown[] = []
    const { append } = createTable(() => void seen.push(currentBehalf(), whoeverKnows()))
    await Promise.all(['a', 'b'].map(whom => onBehalfOf(whom, () => append(rowsOf(1)))))
    expect(seen).toEqual([undefined, ['a', 'b']])
  })

  test('gives each append its own ids, in order', async () => {
    const { append } = createTable()
    expect(await Promise.all([append(rowsOf(2)), append(rowsOf(1)), append(rowsOf(3))])).toEqual([
      [1, 2],
      [3],
      [4, 5, 6],
    ])
  })

  test('writes in the order of arrival', async () => {
    const { append, statements } = createTable()
    await Promise.all(['a', 'b', 'c'].map(value => append(rowsOf(1, value))))
    expect(statements.flat()).toEqual([['a'], ['b'], ['c']])
  })

  const turn = () => new Promise(resolve => setTimeout(resolve, 5))

  test('writes once more beside a statement that is under way where it is worth it, and gathers what comes then', async () => {
    const gates: (() => void)[] = []
    const { append, statements } = createTable(() => new Promise<void>(resolve => gates.push(resolve)))
    const appends = [append(rowsOf(1))]
    await turn()
    for (let i = 0; i < 7; i++) appends.push(append(rowsOf(1)))
    await turn()
    expect(statements).toHaveLength(1)
    for (let i = 0; i < 50; i++) {
      appends.push(append(rowsOf(1)))
      await turn()
    }
    expect(statements).toHaveLength(2)
    while (gates.length > 0) {
      gates.shift()?.()
      await turn()
    }
    expect(await Promise.all(appends)).toHaveLength(58)
    expect(statements.map(rows => rows.length)).toEqual([1, 8, 49])
  })

  test('writes full statements side by side, four at most, and leaves nothing behind', async () => {
    const gates: (() => void)[] = []
    const { append, statements } = createTable(() => new Promise<void>(resolve => gates.push(resolve)))
    const appends = [append(rowsOf(1))]
    await turn()
    for (let i = 0; i < 6; i++) {
      appends.push(append(rowsOf(1000)))
      await turn()
    }
    expect(statements.map(rows => rows.length)).toEqual([1, 1000, 1000, 1000])
    appends.push(append(rowsOf(1)))
    while (gates.length > 0) {
      gates.shift()?.()
      await turn()
    }
    expect((await Promise.all(appends)).flat()).toHaveLength(6002)
  })

  test('writes at most 1000 rows at once, and no append in two parts', async () => {
    const { append, statements } = createTable()
    const sizes = [999, 1, 1, 1000, 600, 600, 400]
    const ids = await Promise.all(sizes.map(size => append(rowsOf(size))))
    expect(ids.map(each => each.length)).toEqual(sizes)
    expect(statements.map(rows => rows.length).toSorted((a, b) => a - b)).toEqual([1, 600, 1000, 1000, 1000])
  })

  test('lets a bad row fail alone', async () => {
    const { append, statements } = createTable(rows => {
      if (rows.some(([value]) => value === 'bad')) throw refused()
    })
    const values = ['a', 'b', 'bad', 'c', 'bad', 'd']
    const settled = await Promise.allSettled(values.map(value => append(rowsOf(1, value))))
    expect(settled.map(each => each.status)).toEqual(
      values.map(value => (value === 'bad' ? 'rejected' : 'fulfilled')),
    )
    expect(statements).toHaveLength(7)
    expect(await append(rowsOf(1, 'e'))).toHaveLength(1)
  })

  test('lets an append fail whole when one of its rows is bad', async () => {
    const { append, statements } = createTable(rows => {
      if (rows.some(([value]) => value === 'bad')) throw refused()
    })
    await expect(append([['a'], ['bad'], ['b']])).rejects.toMatchObject({ code: 108 })
    expect(statements).toHaveLength(1)
  })

  test('does not write again what may have been written', async () => {
    const lost = new RpcError('connection_lost', 'Database error', { retryable: false })
    let failures = 0
    const { append, statements } = createTable(() => {
      if (failures++ === 0) throw lost
    })
    const settled = await Promise.allSettled([append(rowsOf(1)), append(rowsOf(2)), append(rowsOf(1))])
    expect(settled).toEqual([
      { status: 'rejected', reason: lost },
      { status: 'rejected', reason: lost },
      { status: 'rejected', reason: lost },
    ])
    expect(statements.map(rows => rows.length)).toEqual([4])
    expect(await append(rowsOf(1))).toHaveLength(1)
  })

  test('refuses more than 50 000 waiting rows, and goes on once there is room', async () => {
    const gate = Promise.withResolvers<void>()
    const { append } = createTable(() => gate.promise)
    const appends = Array.from({ length: 50 }, () => append(rowsOf(1000)))
    await expect(append(rowsOf(1))).rejects.toMatchObject({
      code: 110,
      data: { reason: 'queue_full', retryable: true, retry_after_ms: 1000 },
    })
    gate.resolve()
    expect((await Promise.all(appends)).flat()).toHaveLength(50_000)
    expect(await append(rowsOf(1))).toHaveLength(1)
  })
})
