import type { Clock } from '../async/clock.ts'
import type { Database } from '../database/database.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics.ts'
import { createCursors } from '../stream/cursor.ts'
import { createHub, type Hub } from '../stream/hub.ts'
import type { MatchLimits } from '../stream/match-budget.ts'
import { startSequencer } from '../stream/sequencer.ts'
import { createTickets, type Tickets } from '../stream/ticket.ts'
import type { Authenticator } from '../token/authenticator.ts'

export interface StreamOptions {
  readonly database: Database
  readonly authenticator: Pick<Authenticator, 'onChange' | 'represent'>
  readonly metrics: Pick<Metrics, 'watchStreams'>
  /** What cursors and tickets are sealed with. */
  readonly sealingKey: string
  /** What subscriptions may cost to match. */
  readonly limits: MatchLimits
  readonly clock: Clock
  readonly logger: Logger
}

/** What numbers changes and gives them out on this server. */
export interface Stream {
  readonly hub: Hub
  readonly tickets: Tickets
  close(): Promise<void>
}

export async function startStream(options: StreamOptions): Promise<Stream> {
  const { database, authenticator, logger, metrics, sealingKey, clock } = options
  const onError = (error: unknown): void => logger.error({ err: error }, 'the stream of changes failed')
  const sequencer = await startSequencer({ database, onError })
  const hub = await createHub({
    database,
    cursors: createCursors(sealingKey),
    limits: options.limits,
    onError,
  })
  authenticator.onChange(hub.refresh)
  metrics.watchStreams(() => hub.readings())
  return {
    hub,
    tickets: createTickets({ key: sealingKey, clock, represent: authenticator.represent }),
    async close() {
      await hub.close()
      await sequencer.close()
    },
  }
}
