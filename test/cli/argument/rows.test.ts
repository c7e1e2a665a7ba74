import { describe, expect, test } from 'vitest'
import { readLines } from '../../../src/cli/argument/lines.ts'
import { batchRows } from '../../../src/cli/argument/rows.ts'
import { CommandFailure } from '../../../src/cli/terminal/failure.ts'
import { stringifyJson } from '../../../src/json.ts'

async function* chunksOf(text: string | Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text as string)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

interface Read {
  readonly batches: readonly { readonly rows: readonly object[]; readonly lines: readonly number[] }[]
  readonly fault: unknown
}

async function readAll(text: string | Uint8Array, size = 65_536): Promise<Read> {
  const batches = []
  try {
    for await (const batch of batchRows(readLines(chunksOf(text, size)))) batches.push(batch)
  } catch (fault) {
    return { batches, fault }
  }
  return { batches, fault: undefined }
}

describe('rows of NDJSON', () => {
  test('come in batches of at most a thousand', async () => {
    const { batches, fault } = await readAll('{"a":1}\n'.repeat(2500))
    expect(batches.map(batch => batch.rows.length)).toEqual([1000, 1000, 500])
    expect(batches[2]?.lines[0]).toBe(2001)
    expect(fault).toBeUndefined()
  })

  test('come in batches of at most 512 KiB, a larger one alone', async () => {
    const line = (length: number) => `{"a":"${'x'.repeat(length)}"}\n`
    const { batches } = await readAll(line(200_000).repeat(5) + line(600_000) + line(10))
    expect(batches.map(batch => batch.rows.length)).toEqual([2, 2, 1, 1, 1])
  })

  test('are the same however the bytes arrive', async () => {
    const text = '{"name":"工作器"}\r\n\n  \n{"n":9007199254740993}'
    for (const size of [1, 2, 3, 7, 1000]) {
      const { batches } = await readAll(text, size)
      expect(batches.map(({ rows, lines }) => [rows.map(stringifyJson), lines])).toEqual([
        [
          ['{"name":"工作器"}', '{"n":9007199254740993}'],
          [1, 4],
        ],
      ])
    }
  })

  test('are none in an empty stream', async () => {
    expect(await readAll('')).toEqual({ batches: [], fault: undefined })
  })

  test.each([
    ['no JSON', '{"a":1}\n{"b":2}\n{oops\n{"c":3}\n'],
    ['no object', '{"a":1}\n{"b":2}\n[1]\n'],
    ['null', '{"a":1}\n{"b":2}\nnull\n'],
    ['no UTF-8', Buffer.concat([Buffer.from('{"a":1}\n{"b":2}\n{"c":"'), Buffer.from([0xff, 0x22, 0x7d])])],
  ])('that stand before a bad line are given out, and the line is named: %s', async (_name, text) => {
    const { batches, fault } = await readAll(text)
    expect(batches.map(batch => batch.rows)).toEqual([[{ a: 1 }, { b: 2 }]])
    expect(fault).toBeInstanceOf(CommandFailure)
    expect((fault as Error).message).toMatch(/^line 3: /)
  })
})
