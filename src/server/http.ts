import type { IncomingMessage } from 'node:http'
import fastifyWebsocket from '@fastify/websocket'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics.ts'
import { guardOrigin } from './cors.ts'
import type { FrontDoor } from './front-door.ts'
import type { Health } from './health.ts'
import { refuse, sendInternalError } from './http-refusal.ts'
import { addStatusRoutes } from './status-routes.ts'
import { createOriginRules, type OriginSettings } from './origin.ts'
import { contextOf, requestIdOf } from './request-context.ts'
import type { WebSockets } from './websocket.ts'

/** The paths that take JSON-RPC, by POST and by WebSocket; `/nodeget/rpc` is where NodeGet's clients look. */
export const rpcPaths: readonly string[] = ['/', '/rpc', '/nodeget/rpc']

export interface HttpSettings extends OriginSettings {
  readonly maxBodyBytes: number
  readonly maxConnections: number
}

export interface HttpOptions {
  readonly settings: HttpSettings
  readonly frontDoor: FrontDoor
  readonly webSockets: WebSockets
  readonly health: Health
  readonly metrics: Metrics
  readonly logger: Logger
  /** The OpenRPC document. */
  readonly openrpc: () => unknown
}
