import { rpc, type Wire } from '../../wire/support/wire.ts'

export const service = 'events.services.EventSvc'

export interface RowDatas {
  readonly totalCount: number
  readonly rowDatas: readonly Readonly<Record<string, unknown>>[]
}

export interface Sent {
  readonly requestId: string
  readonly matched: boolean
  readonly eventLogs: readonly { readonly id: number; readonly nodeId: string }[]
}

/** The answer to one call of the event service by position, the credential in the header. */
export function callAt(
  wire: Wire,
  method: string,
  params: readonly unknown[],
  token: string,
): Promise<unknown> {
  return wire.ask(rpc(`${service}.${method}`, params), { authorization: `Bearer ${token}` })
}

/** The `id` of each row, in order. */
export function idsOf({ rowDatas }: RowDatas): readonly unknown[] {
  return rowDatas.map(row => row.id)
}

/** Appends rows of the event log; answers their ids. */
export async function append(wire: Wire, rows: readonly object[]): Promise<readonly number[]> {
  const filled = rows.map(row => ({ sender: 'test', ...row }))
  return (await wire.result<{ ids: readonly number[] }>('event-log_append', { rows: filled })).ids
}

/** One limit of a token on the event log: which names it may read. */
export function readLimit(pattern: string): object {
  return { scopes: [{ event: pattern }], permissions: [{ event_log: { read: '*' } }] }
}
