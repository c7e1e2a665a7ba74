import type { Statistics } from '../../client/client.ts'
import type { RecordRow } from '../model/record-row.ts'
import { call } from '../rpc.ts'

/**
 * The methods that every kind of record has. Their names are made here, and with them the types of what they
 * answer: which kinds there are is known from the server's document alone.
 */

export interface Page {
  readonly rows: readonly RecordRow[]
  readonly next: string | null
  readonly count?: number
}

export interface PageInput {
  readonly condition: readonly unknown[]
  readonly after?: string | undefined
  readonly order?: 'newest' | 'oldest'
  readonly fields?: readonly string[]
}

export function readPage(
  resource: string,
  { condition, ...others }: PageInput,
  signal?: AbortSignal,
): Promise<Page> {
  return call(`${resource}_page`, { query: { condition }, ...others }, { signal }) as Promise<Page>
}

export async function countRecords(
  resource: string,
  condition: readonly unknown[],
  signal?: AbortSignal,
): Promise<number> {
  const answer = await call(`${resource}_count`, { query: { condition } }, { signal })
  return (answer as { readonly count: number }).count
}

/** Buckets for a chart: as many as fit, days by the clock of the browser. */
export function chartBuckets() {
  return { ms: 'auto', time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone } as const
}

/** The true number, and how it lies in time. */
export function readStats(
  resource: string,
  condition: readonly unknown[],
  signal?: AbortSignal,
): Promise<Statistics> {
  const params = { query: { condition }, bucket: chartBuckets() }
  return call(`${resource}_stats`, params, { signal }) as Promise<Statistics>
}

export interface Facet {
  readonly values: readonly { readonly value: string | null; readonly count: number }[]
  readonly truncated: boolean
}

export interface FacetInput {
  readonly condition: readonly unknown[]
  readonly field: string
  readonly prefix?: string | undefined
  readonly limit?: number
}

export function readFacet(
  resource: string,
  { condition, prefix, ...others }: FacetInput,
  signal?: AbortSignal,
): Promise<Facet> {
  const params = { query: { condition }, ...others, ...(prefix !== undefined && prefix !== '' && { prefix }) }
  return call(`${resource}_facet`, params, { signal }) as Promise<Facet>
}
