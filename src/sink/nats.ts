import type { JetStreamClient } from '@nats-io/jetstream'
import type { ConnectionOptions, NatsConnection } from '@nats-io/transport-node'
import { DeliveryError, type Destination, type Item, type Items } from './destination.ts'
import type { StoredSink } from './sink.ts'
import type { NatsSink } from './target.ts'

const connectMs = 5000
const ackMs = 10_000

/** The two packages, loaded when a sink first needs them: they are optional. */
async function loadNats() {
  try {
    const [transport, jetstream] = await Promise.all([
      import('@nats-io/transport-node'),
      import('@nats-io/jetstream'),
    ])
    const { jetstream: client, jetstreamManager } = jetstream
    return { ...transport, jetstream: client, jetstreamManager }
  } catch (cause) {
    const message = 'nats_packages_missing: install @nats-io/transport-node and @nats-io/jetstream'
    throw new DeliveryError(message, { lasting: 'refused', cause })
  }
}

type Nats = Awaited<ReturnType<typeof loadNats>>

interface Connection {
  readonly server: NatsConnection
  readonly jetstream: JetStreamClient
  /** Whether there is a stream of this name; false only where JetStream itself says so. */
  hasStream(name: string): Promise<boolean>
}

/**
 * Publishes to a JetStream stream, confirmed once it has acknowledged every item. The message id is the
 * sink's id and the number, so that the stream drops duplicates (within its duplicate window).
 */
export function natsDestination({ name, id }: StoredSink, target: NatsSink): Destination {
  let connection: Connection | undefined

  async function connected(signal: AbortSignal): Promise<Connection> {
    if (connection !== undefined && !connection.server.isClosed()) return connection
    const nats = await loadNats()
    const server = await nats.connect(connectOptions(nats, name, target)).catch(fail)
    if (signal.aborted) {
      await server.close()
      throw cancelled()
    }
    connection = {
      server,
      jetstream: nats.jetstream(server, { timeout: ackMs }),
      async hasStream(name) {
        try {
          const manager = await nats.jetstreamManager(server, { timeout: connectMs, checkAPI: false })
          await manager.streams.info(name)
          return true
        } catch (error) {
          return !(error instanceof Error && error.name === 'StreamNotFoundError')
        }
      },
    }
    return connection
  }

  async function publish({ jetstream }: Connection, item: Item): Promise<void> {
    const { stream, subject } = target
    await jetstream.publish(subject, item.text, {
      // A sink that was deleted and recreated under the same name has another id.
      msgID: `${name}-${id}:${item.number}`,
      ...(stream !== null && { expect: { streamName: stream } }),
    })
  }

  /** Publishes all without waiting; the stream stores them in the order sent. */
  async function publishAll(to: Connection, items: Items): Promise<void> {
    const published = await Promise.allSettled(items.map(item => publish(to, item)))
    const refused = published.find(each => each.status === 'rejected')
    if (refused === undefined) return
    if (!isSilence(refused.reason)) fail(refused.reason)
    // No stream listens to the subject: temporary while a cluster elects a leader.
    const { stream } = target
    if (stream === null || (await to.hasStream(stream))) fail(refused.reason)
    throw new DeliveryError(`nats_failed: there is no stream ${stream}`, { lasting: 'refused' })
  }

  async function close(): Promise<void> {
    const { server } = connection ?? {}
    connection = undefined
    await server?.close()
  }

  return {
    async deliver(items, _attempt, signal) {
      const cut = Promise.withResolvers<never>()
      const onAbort = (): void => cut.reject(cancelled())
      if (signal.aborted) onAbort()
      signal.addEventListener('abort', onAbort)
      try {
        await Promise.race([cut.promise, connected(signal).then(to => publishAll(to, items))])
      } catch (error) {
        // A connection that failed once is not reused.
        await close().catch(() => undefined)
        throw error
      } finally {
        signal.removeEventListener('abort', onAbort)
      }
    },
    close,
  }
}

function connectOptions(nats: Nats, name: string, target: NatsSink): ConnectionOptions {
  const { servers } = target
  return {
    servers,
    name: `daybook sink ${name}`,
    timeout: connectMs,
    // A lost connection fails the batch; the next attempt reconnects.
    reconnect: false,
    // Otherwise the client would trust a server that claims to have no TLS.
    ...(servers.some(server => server.startsWith('tls://')) && { tls: {} }),
    ...authentication(nats, target),
  }
}

function authentication(nats: Nats, { token, user, password, nkey }: NatsSink): Partial<ConnectionOptions> {
  if (token !== undefined) return { token }
  if (nkey !== undefined) return { authenticator: nats.nkeyAuthenticator(new TextEncoder().encode(nkey)) }
  return user === undefined || password === undefined ? {} : { user, pass: password }
}

/** The client's errors contain neither credentials nor contents. */
function fail(cause: unknown): never {
  if (cause instanceof DeliveryError) throw cause
  const { message } = cause instanceof Error ? cause : new Error(String(cause))
  if (isSilence(cause)) {
    throw new DeliveryError('nats_failed: no JetStream stream takes the subject', { cause })
  }
  const lasting = isLasting(cause) ? 'refused' : undefined
  throw new DeliveryError(`nats_failed: ${message}`, { lasting, cause })
}

function isSilence(error: unknown): boolean {
  return error instanceof Error && error.name === 'JetStreamNotEnabled'
}

/** Wrong credentials, a subject without publish permission, an item too large, another stream. */
function isLasting(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error.name === 'JetStreamApiError') return Number((error as { status?: unknown }).status) < 500
  if (error.name === 'AuthorizationError') return !/timeout/i.test(error.message)
  return ['PermissionViolationError', 'InvalidArgumentError', 'InvalidSubjectError'].includes(error.name)
}

function cancelled(): DeliveryError {
  return new DeliveryError('cancelled: stopped before it was acknowledged')
}
