import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ReadWhole } from './whole-body.ts'

const inflate = promisify(gunzip)

/**
 * Has `app` read bodies of these content types, and no others, as bytes; of at most `maxBytes` after
 * `Content-Encoding: gzip` (RFC 9110, section 8.4.1.3) is undone.
 */
export function readJsonBodies(
  app: FastifyInstance,
  types: readonly string[],
  readWhole: ReadWhole,
  maxBytes: number,
): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser([...types], async (request: FastifyRequest, payload: IncomingMessage) =>
    plainBody(request, await readWhole(request, payload), maxBytes),
  )
}

async function plainBody({ headers }: FastifyRequest, body: Buffer, maxBytes: number): Promise<Buffer> {
  const encoding = (headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  if (encoding === 'identity') return body
  if (encoding === 'gzip' || encoding === 'x-gzip') return inflate(body, { maxOutputLength: maxBytes })
  throw new UnknownEncoding()
}

class UnknownEncoding extends Error {
  readonly code = 'FST_ERR_CTP_INVALID_MEDIA_TYPE'
}
