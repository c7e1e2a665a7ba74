import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { FastifyInstance, FastifyRequest } from 'fastify'

const inflate = promisify(gunzip)

/**
 * Has `app` read bodies of these content types, and no others, as bytes: of at most `maxBytes`, both as they come and after
 * `Content-Encoding: gzip` (RFC 9110, section 8.4.1.3) is undone.
 */
export function readJsonBodies(app: FastifyInstance, types: readonly string[], maxBytes: number): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser([...types], { parseAs: 'buffer' }, (request: FastifyRequest, body: Buffer) =>
    plainBody(request, body, maxBytes),
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
