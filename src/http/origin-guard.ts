import type { FastifyInstance, FastifyReply } from 'fastify'
import { refuse } from './http-refusal.ts'
import type { OriginRules } from './origin.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Pages of any origin may call the route, which speaks CORS itself. */
    openToOrigins?: true
  }
}

/**
 * Refuses foreign Hosts and Origins on every request, upgrades included, and speaks CORS with listed origins
 * only. Routes that are open to origins get requests of any, but by our names alone: a page that had its own
 * name lead here would be of the same origin, and could read what the route shows to no other.
 */
export function addOriginGuard(app: FastifyInstance, rules: OriginRules): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { host, origin } = request.headers
    if (!rules.allowsHost(host)) return void refuse(reply, 'foreign_host')
    if (request.routeOptions.config?.openToOrigins === true) return done()
    if (!rules.allowsOrigin(origin, host)) return void refuse(reply, 'foreign_origin')
    if (!rules.isListed(origin)) return done()
    allowOrigin(reply, origin)
    const isPreflight =
      request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined
    if (!isPreflight) return done()
    answerPreflight(reply)
  })
}

function allowOrigin(reply: FastifyReply, origin: string): void {
  reply.headers({
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'x-request-id',
    vary: 'origin',
  })
}

function answerPreflight(reply: FastifyReply): void {
  reply
    .headers({
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'authorization, content-type, x-auth-token, x-request-id',
      'access-control-max-age': '600',
    })
    .code(204)
    .send()
}
