import { Client, type ClientConfig } from 'pg'
import { backoffMs } from '../async/backoff.ts'
import { pause } from '../async/pause.ts'
import { repeat } from '../async/repeat.ts'
import { toConnectError } from './database-error.ts'
import { createWakes, type Wakes } from './wakes.ts'

/** How long to wait before a lost connection is opened again. */
const delays = { firstMs: 50, longestMs: 1000 }

/** How often it is asked whether it still listens, and how long it may take to say so. */
const probeEveryMs = 3000
const probeMs = 2000

/** One connection that listens, for all channels; opened with the first and opened again whenever it is lost. */
export interface Listener {
  /** Throws RpcError when the first connection fails; after that it never gives up. */
  listen(channel: string, wake: () => void): Promise<() => Promise<void>>
  close(): Promise<void>
}

export function createListener(config: ClientConfig, onError: (error: unknown) => void): Listener {
  const wakes = createWakes(onError)
  const connection = keepConnection(() => openListening(config, wakes, onError), wakes.wakeAll, onError)
  return {
    async listen(channel, wake) {
      const end = wakes.add(channel, wake)
      try {
        await connection.opened()
      } catch (error) {
        end()
        throw toConnectError(error)
      }
      // Should this fail, the connection is lost, and the next one listens to every channel of `wakes`.
      await connection.ask(`listen ${channel}`)
      return async () => {
        if (end()) await connection.ask(`unlisten ${channel}`)
      }
    },
    close: connection.close,
  }
}

/** A connection that is opened again whenever it is lost. */
function keepConnection(
  open: () => Promise<Client>,
  onReopened: () => void,
  onError: (error: unknown) => void,
) {
  const closing = new AbortController()
  let client: Client | undefined
  let opening: Promise<void> | undefined

  async function connect(): Promise<void> {
    const next = await open()
    if (closing.signal.aborted) {
      await next.end()
      throw closing.signal.reason
    }
    next.on('end', () => {
      if (client === next) lose()
    })
    client = next
  }

  function lose(): void {
    client = undefined
    if (!closing.signal.aborted) opening = reconnect()
  }

  async function reconnect(): Promise<void> {
    for (let failures = 1; ; failures++) {
      await pause(backoffMs(failures, delays), closing.signal)
      if (closing.signal.aborted) return
      try {
        await connect()
        return onReopened()
      } catch (error) {
        if (!closing.signal.aborted) onError(error)
      }
    }
  }

  /** A connection that was forgotten on its way would listen for ever, and hear nothing. */
  async function probe(): Promise<void> {
    const probed = client
    try {
      await probed?.query('select 1')
    } catch (error) {
      if (client !== probed) return
      onError(error)
      void probed?.end().catch(() => undefined)
      lose()
    }
  }

  const probing = repeat(probeEveryMs, probe, onError)
  return {
    /** Opens it unless that is done; rejects when the first one cannot be opened. */
    opened(): Promise<void> {
      opening ??= connect().catch(error => {
        opening = undefined
        throw error
      })
      return opening
    },
    /** Asks nothing while there is no connection. */
    async ask(sql: string): Promise<void> {
      await client?.query(sql).catch(onError)
    },
    async close(): Promise<void> {
      closing.abort()
      await probing.stop()
      await opening?.catch(() => undefined)
      const last = client
      client = undefined
      await last?.end()
    },
  }
}

/** Opens a connection that listens to all channels of `wakes`. */
async function openListening(
  config: ClientConfig,
  wakes: Wakes,
  onError: (error: unknown) => void,
): Promise<Client> {
  // A probe that is not answered fails, and ends the connection.
  const client = new Client({ ...config, query_timeout: probeMs })
  client.on('error', onError)
  client.on('notification', ({ channel }) => wakes.wake(channel))
  try {
    await client.connect()
    for (const channel of wakes.channels()) await client.query(`listen ${channel}`)
    return client
  } catch (error) {
    await client.end()
    throw error
  }
}
