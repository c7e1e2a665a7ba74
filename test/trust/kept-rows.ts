import { isDeepStrictEqual } from 'node:util'
import { type Client, createClient } from '../../src/client/client.ts'
import { superToken } from './daybook-process.ts'
import type { Append, Row } from './writers.ts'

type KeptRow = Row & { readonly id: number }

/** Numbers of the appends whose rows are not as their clients were told. */
export interface Losses {
  /** Acknowledged, and a row is missing, differs from what was sent, or is there twice. */
  readonly broken: readonly number[]
  /** Not acknowledged, and there in part or twice: an append is whole or not at all. */
  readonly torn: readonly number[]
}

/** Compares what a server keeps with what its clients sent and were told. */
export async function findLosses(url: string, appends: readonly Append[]): Promise<Losses> {
  const kept = await readByAppend(createClient({ url, token: superToken }))
  const isBroken = ({ number, rows, ids }: Append): boolean =>
    ids !== undefined &&
    !isDeepStrictEqual(
      kept.get(number),
      rows.map((row, i) => ({ ...row, id: ids[i] })),
    )
  const isTorn = ({ number, rows, ids }: Append): boolean => {
    const count = kept.get(number)?.length ?? 0
    return ids === undefined && count !== 0 && count !== rows.length
  }
  const numbers = (all: readonly Append[]): readonly number[] => all.map(({ number }) => number)
  return { broken: numbers(appends.filter(isBroken)), torn: numbers(appends.filter(isTorn)) }
}

/** All rows by the append that they came with, in the order of their ids. */
async function readByAppend(client: Client): Promise<ReadonlyMap<number, readonly KeptRow[]>> {
  const rows: KeptRow[] = []
  for await (const row of client.page('js-result', [], { pageSize: 1000 })) rows.push(row as KeptRow)
  rows.sort((a, b) => a.id - b.id)
  return Map.groupBy(rows, row => (row.param as { append: number }).append)
}
