import type { FastifyInstance } from 'fastify'
import { stringifyJson } from '../json.ts'
import type { Metrics } from '../metrics.ts'
import { type Coding, codingFor, compress, varyByCoding } from './compression.ts'
import type { Health } from './health.ts'
import { addRoute, type Route } from './route.ts'

/** The paths that tell the server's state; they are answered even when it has too many connections. */
export const healthPaths: readonly string[] = ['/livez', '/readyz', '/healthz', '/metrics']

export interface StatusOptions {
  readonly health: Health
  readonly metrics: Metrics
  /** The OpenRPC document. */
  readonly openrpc: () => Promise<unknown>
}

/** What monitors and tools read: it needs no credential and shows no record. */
export function addStatusRoutes(app: FastifyInstance, { health, metrics, openrpc }: StatusOptions): void {
  const add = (url: string, answer: Route['answer']): void =>
    addRoute(app, health, { url, methods: ['GET', 'HEAD'], answer })
  add('/livez', async ({ reply }) => reply.send({ status: 'alive' }))
  // Older probes and balancers ask `/healthz` whether to send requests here.
  for (const path of ['/readyz', '/healthz']) {
    add(path, async ({ reply }) => {
      const reason = await health.whyNotReady()
      if (reason === undefined) return reply.send({ status: 'ready' })
      return reply.code(503).send({ status: 'not_ready', reason })
    })
  }
  add('/metrics', async ({ reply }) => reply.type(metrics.contentType).send(await metrics.render()))
  const compressed = new Map<Coding, Promise<Buffer>>()
  add('/openrpc.json', async ({ request, reply }) => {
    const text = stringifyJson(await openrpc())
    varyByCoding(reply.type('application/json'))
    const coding = codingFor(request.headers['accept-encoding'])
    if (coding === undefined) return reply.send(text)
    // The document stays the same as long as the server runs.
    const body = compressed.get(coding) ?? compress(text, coding)
    compressed.set(coding, body)
    return reply.header('content-encoding', coding).send(await body)
  })
}
