import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Refusals } from '../audit/refusal.ts'
import { RpcError } from '../errors.ts'
import { onBehalfOf } from '../fairness/behalf.ts'
import type { Logger } from '../logger.ts'
import type { Authenticate } from '../method/invoke.ts'
import { principalOf } from '../permission/origin.ts'
import type { ExportPage } from '../resource/export/export-page.ts'
import { type ExportPlan, planExport } from '../resource/export/export-plan.ts'
import { resourceNamed } from '../resource/kind/index.ts'
import type { RecordService } from '../resource/records.ts'
import type { Resource } from '../resource/resource.ts'
import { contextOf } from '../rpc/request-context.ts'
import { withViews } from '../view/load-views.ts'
import type { Health } from './health.ts'
import { type Asked, addRoute, createOpenAnswers, type OpenAnswers } from './route.ts'

export interface ExportRouteDeps {
  readonly records: RecordService
  readonly authenticate: Authenticate
  readonly refusals?: Refusals | undefined
  readonly health: Pick<Health, 'isLeaving' | 'isStopping'>
  readonly logger: Logger
  /** How deep conditions may nest as JSON. */
  readonly maxDepth: number
}

/**
 * Exports at once on this server. Each holds at most one connection to the database, and that for a page at a
 * time.
 */
const maxExports = 4
/** Of them by one token: a slow reader leaves one to others. */
const maxOfToken = maxExports - 1

/**
 * `GET /export/RESOURCE?condition=[…]&format=ndjson|csv&after=KEY&bom=true`: every row that a query without a
 * limit would find, oldest key first, as the client takes them. An answer that was cut off lacks the end of
 * its chunked encoding (RFC 9112, section 8).
 */
export function addExportRoute(app: FastifyInstance, deps: ExportRouteDeps): void {
  const open = createOpenAnswers('too_many_exports', maxExports, maxOfToken)
  addRoute(app, deps.health, {
    url: '/export/:resource',
    methods: ['GET'],
    isLong: true,
    refusals: deps.refusals,
    answer: asked => answer(asked, deps, open),
  })
}

async function answer(asked: Asked, deps: ExportRouteDeps, open: OpenAnswers): Promise<FastifyReply> {
  const { request, reply } = asked
  const { bearer } = contextOf(request)
  const caller = await deps.authenticate(bearer)
  const { tokenKey } = caller
  asked.isKnown = true
  asked.caller = caller
  // In HTTP/1.0 the end of the connection is the end of the answer: one that was cut off would look whole.
  if (request.raw.httpVersion === '1.0')
    throw new RpcError('http_version_too_old', 'an export needs HTTP/1.1')
  const resource = requireResource(request)
  const planned = await planExport(resource, request.query as Readonly<Record<string, unknown>>, {
    maxConditions: deps.records.maxConditions,
    clock: deps.records.clock,
    maxDepth: deps.maxDepth,
    withViews: query => withViews(deps.records.database, query, principalOf(caller)),
  })
  const pages = pagesFor(
    tokenKey,
    deps.records.of(resource).export(caller, () => deps.authenticate(bearer), planned),
  )
  // For a client that has left, nothing would end the count.
  if (reply.raw.destroyed) return reply
  open.add(reply, tokenKey)

  // What fails here can still be told by a status.
  const first = await pages.next()
  const lines = readLines({ resource, planned, first, pages, request }, deps)
  return reply
    .headers({
      'content-type': planned.format.contentType,
      'content-disposition': `attachment; filename="${resource.name}.${planned.formatName}"`,
      // A kept connection would make a stop wait for it.
      connection: 'close',
    })
    .send(Readable.from(lines, { highWaterMark: 1 }))
}

type Pages = Pick<AsyncGenerator<ExportPage, void, undefined>, 'next' | 'return'>

/** Reads each page on behalf of its reader: a socket that has room asks for it, outside of any request. */
function pagesFor(tokenKey: string, pages: Pages): Pages {
  return { next: () => onBehalfOf(tokenKey, () => pages.next()), return: () => pages.return() }
}

interface ExportInput {
  readonly resource: Resource
  readonly planned: ExportPlan
  readonly first: IteratorResult<ExportPage, void>
  readonly pages: Pages
  readonly request: FastifyRequest
}

async function* readLines(
  { resource, planned, first, pages, request }: ExportInput,
  { logger }: ExportRouteDeps,
): AsyncGenerator<string | Buffer, void, undefined> {
  try {
    const head = planned.mark + planned.format.head(resource.fields)
    if (head !== '') yield head
    for (let next = first; !next.done; next = await pages.next()) {
      yield next.value.text
    }
  } catch (error) {
    // The failed stream closes the connection, so that no client takes half for the whole.
    logger.warn({ correlationId: request.id, resource: resource.name, err: error }, 'an export was cut off')
    throw error
  } finally {
    await pages.return()
  }
}

function requireResource({ params }: FastifyRequest): Resource {
  const { resource: name } = params as { resource: string }
  const resource = resourceNamed(name)
  if (resource !== undefined) return resource
  throw new RpcError('resource_not_found', 'There is no such resource')
}
