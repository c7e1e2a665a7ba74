import { createCursors } from '../stream/cursor.ts'
import { createHub, type Hub } from '../stream/hub.ts'
import { startSequencer } from '../stream/sequencer.ts'
import { createTickets, type Tickets } from '../stream/ticket.ts'
import type { AppContext } from './context.ts'

/** What numbers changes and gives them out on this server. */
export interface Stream {
  readonly hub: Hub
  readonly tickets: Tickets
  close(): Promise<void>
}

export async function startStream(context: AppContext): Promise<Stream> {
  const { config, database, authenticator, metrics, sealingKey: key, clock } = context
  const onError = context.onError('the stream of changes')
  const sequencer = await startSequencer({ database, onError })
  const limits = { token: config.maxTokenMatchCost, server: config.maxMatchCost }
  const hub = await createHub({ database, cursors: createCursors(key), limits, onError })
  authenticator.onChange(hub.refresh)
  metrics.watch('streams', hub.readings)
  return {
    hub,
    tickets: createTickets({ key, clock, represent: authenticator.represent }),
    async close() {
      await hub.close()
      await sequencer.close()
    },
  }
}
