import type { FastifyInstance } from 'fastify'
import { stringifyJson } from '../json.ts'
import type { Metrics } from '../metrics.ts'
import type { Health } from './health.ts'

/** The paths that only GET answers. */
export const statusPaths: readonly string[] = ['/livez', '/readyz', '/healthz', '/metrics', '/openrpc.json']

export interface StatusOptions {
  readonly health: Health
  readonly metrics: Metrics
  /** The OpenRPC document. */
  readonly openrpc: () => Promise<unknown>
}

/** What monitors and tools read; none of it needs a credential, none of it holds a record. */
export function addStatusRoutes(app: FastifyInstance, { health, metrics, openrpc }: StatusOptions): void {
  app.get('/livez', async () => ({ status: 'alive' }))
  // `/healthz` is what older probes and balancers ask: whether to send requests here.
  for (const path of ['/readyz', '/healthz']) {
    app.get(path, async (_request, reply) => {
      const reason = await health.whyNotReady()
      if (reason === undefined) return { status: 'ready' }
      return reply.code(503).send({ status: 'not_ready', reason })
    })
  }
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.render()))
  app.get('/openrpc.json', async (_request, reply) =>
    reply.type('application/json').send(stringifyJson(await openrpc())),
  )
}
