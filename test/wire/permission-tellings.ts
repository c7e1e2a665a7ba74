import { expect } from 'vitest'

/** The kind of record that is asked about. */
interface Told {
  readonly resource: string
  /** The member that names the object. */
  readonly member: string
  /** What tells the test's own records from others. */
  readonly own: readonly object[]
}

/**
 * A method that tells numbers of records. Counts are data: the answer must be that of the records that the holder may read, of
 * which there is one of each of its names.
 */
interface Telling {
  readonly method: string
  params(kind: Told): object
  /** What it must answer; `names`: those that the holder may read, the newest first. */
  answer(names: readonly string[], kind: Told): unknown
}

const most = 100

function inOrder(names: readonly string[]): readonly string[] {
  return names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

function facetOf(names: readonly string[]): object {
  const values = inOrder(names)
    .slice(0, most)
    .map(value => ({ value, count: 1 }))
  return { values, truncated: names.length > most }
}

/** Matches a list whose counts have this sum. */
function summing(sum: number): unknown {
  return {
    asymmetricMatch: (list: readonly { readonly count: number }[]) =>
      list.reduce((all, { count }) => all + count, 0) === sum,
    toString: () => `counts of ${sum} in all`,
  }
}

const queryOf = ({ own }: Told, ...more: readonly object[]) => ({ query: { condition: [...own, ...more] } })

/** The name of a shared view of the test's records, made by the super token. */
export const viewOf = ({ resource }: Pick<Told, 'resource'>) => `all of ${resource}`

/** With which some names begin, and others do not. */
const prefix = 'a'

/** Each way in which numbers of records are told: a new one is one more entry. */
export const tellings: readonly Telling[] = [
  {
    method: 'count',
    params: kind => queryOf(kind),
    answer: names => ({ count: names.length }),
  },
  {
    method: 'count',
    params: kind => ({ query: { condition: [{ view: viewOf(kind) }] } }),
    answer: names => ({ count: names.length }),
  },
  {
    method: 'page',
    params: kind => ({ ...queryOf(kind, { limit: 1 }), count: 'exact', fields: [kind.member] }),
    answer: names => expect.objectContaining({ count: names.length }),
  },
  {
    method: 'stats',
    params: kind => ({ ...queryOf(kind), group_by: [kind.member], bucket: { ms: 'auto' }, top: most }),
    answer: (names, { member }) => ({
      total: names.length,
      groups: inOrder(names)
        .slice(0, most)
        .map(name => expect.objectContaining({ key: { [member]: name }, count: 1 })),
      buckets: summing(names.length),
      truncated: names.length > most,
    }),
  },
  {
    method: 'stats',
    params: kind => ({ ...queryOf(kind), group_by: ['state'] }),
    answer: names => expect.objectContaining({ total: names.length, groups: summing(names.length) }),
  },
  {
    method: 'facet',
    params: kind => ({ ...queryOf(kind), field: kind.member, limit: most }),
    answer: facetOf,
  },
  {
    method: 'facet',
    params: kind => ({ ...queryOf(kind), field: kind.member, prefix, limit: most }),
    answer: names => facetOf(names.filter(name => name.startsWith(prefix))),
  },
  {
    method: 'facet',
    params: kind => ({ ...queryOf(kind, { limit: 20 }), field: kind.member, limit: most }),
    answer: names => facetOf(names.slice(0, 20)),
  },
  {
    method: 'facet',
    params: kind => ({ ...queryOf(kind), field: 'state' }),
    answer: names => ({ values: summing(names.length), truncated: false }),
  },
]
