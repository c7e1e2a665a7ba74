import type { Database } from '../database/database.ts'
import type { Logger } from '../logger.ts'
import { createHub, type Hub } from '../stream/hub.ts'
import { startSequencer } from '../stream/sequencer.ts'
import type { Authenticator } from '../token/authenticator.ts'

export interface StreamOptions {
  readonly database: Database
  readonly authenticator: Pick<Authenticator, 'onChange'>
  readonly logger: Logger
}

/** What numbers changes and gives them out on this server. */
export interface Stream {
  readonly hub: Hub
  close(): Promise<void>
}

export async function startStream({ database, authenticator, logger }: StreamOptions): Promise<Stream> {
  const onError = (error: unknown): void => logger.error({ err: error }, 'the stream of changes failed')
  const sequencer = await startSequencer({ database, onError })
  const hub = await createHub({ database, onError })
  authenticator.onChange(hub.refresh)
  return {
    hub,
    async close() {
      await hub.close()
      await sequencer.close()
    },
  }
}
