import { beforeAll, expect, test } from 'vitest'
import { createStatementCache } from '../../../src/database/statement-cache.ts'
import { jsResult } from '../../../src/resource/kind/js-result.ts'
import { readPlacedRows, readRows } from '../../../src/resource/select/read.ts'
import { type Reader, tableOf } from '../../../src/resource/table.ts'
import { describeEngines } from '../../support/databases.ts'
import { createCaller } from '../caller.ts'

describeEngines('the bytes of an answer', open => {
  let reader: Reader
  const sizes = [1, 2000, 1, 1, 1]
  const selection = (limit: number) => ({ segments: [[]], names: undefined, order: 'oldest' as const, limit })

  beforeAll(async () => {
    const database = await open()
    const rows = sizes.map((size, start_time) => ({
      js_worker_name: 'w',
      start_time,
      param: 'ä'.repeat(size / 2),
    }))
    await createCaller(database)('js-result_append', { rows })
    reader = tableOf(jsResult, { database, cache: createStatementCache() })
  })

  async function bytesOf(limit: number): Promise<number> {
    return Buffer.byteLength((await readRows(reader, selection(limit))).join(''))
  }

  test('may be unevenly spread over its rows, as long as together they fit', async () => {
    const maxBytes = await bytesOf(5)
    expect(await readRows({ ...reader, maxBytes }, selection(5))).toEqual(
      await readRows(reader, selection(5)),
    )
    const placed = await readPlacedRows(reader, selection(5), jsResult.fields)
    expect(await readPlacedRows({ ...reader, maxBytes }, selection(5), jsResult.fields)).toEqual(placed)
  })

  test('are counted in UTF-8, and one too many refuses the whole answer', async () => {
    const tight = { ...reader, maxBytes: (await bytesOf(5)) - 1 }
    const refused = { code: 110, data: { reason: 'answer_too_large', started: true } }
    await expect(readRows(tight, selection(5))).rejects.toMatchObject(refused)
    await expect(readPlacedRows(tight, selection(5), jsResult.fields)).rejects.toMatchObject(refused)
    expect(await readRows(tight, selection(4))).toHaveLength(4)
    expect(await readPlacedRows(tight, selection(5), jsResult.fields.slice(0, 2))).toHaveLength(5)
  })
})
