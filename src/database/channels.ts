/** The channels of LISTEN and NOTIFY. A notification only says that there is something to look at: it carries nothing. */
export const channels = {
  /** Changes were committed that have no sequence number yet. */
  change: 'daybook_change',
  /** There are new sequence numbers. */
  numbered: 'daybook_numbered',
  /** There are runs that may begin. */
  work: 'daybook_work',
  /** A running run is to be cancelled. */
  cancel: 'daybook_cancel',
  /** A sink was made, changed, paused, resumed or deleted. */
  sink: 'daybook_sink',
  /** A token was made, changed or deleted. */
  token: 'daybook_token',
} as const

export type Channel = (typeof channels)[keyof typeof channels]

/** The SQL expression that notifies a channel when its transaction commits. */
export function notifySql(channel: Channel): string {
  return `pg_notify('${channel}', '')`
}
