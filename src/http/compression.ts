import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'
import type { FastifyReply } from 'fastify'

/** The content codings that we write, the better one first (RFC 9110, section 8.4). */
export type Coding = 'br' | 'gzip'

const codings: Readonly<Record<Coding, (text: string) => Promise<Buffer>>> = {
  br: promisify<string, Buffer>(brotliCompress),
  gzip: promisify<string, Buffer>(gzip),
}

/** The best coding that an `Accept-Encoding` header takes; undefined: the text as it is. */
export function codingFor(acceptEncoding: string | undefined): Coding | undefined {
  return (['br', 'gzip'] as const).find(coding => accepts(acceptEncoding, coding))
}

export function accepts(acceptEncoding: string | undefined, coding: Coding): boolean {
  const accepted = new Map(
    (acceptEncoding ?? '').split(',').map(item => {
      const [name = '', ...parameters] = item.split(';').map(part => part.trim().toLowerCase())
      return [name, !parameters.some(parameter => /^q=0(?:\.0*)?$/.test(parameter))]
    }),
  )
  return accepted.get(coding) ?? accepted.get('*') ?? false
}

/** Says to caches that the answer depends on `Accept-Encoding`, beside what it depends on already. */
export function varyByCoding(reply: FastifyReply): FastifyReply {
  const before = reply.getHeader('vary')
  return reply.header('vary', before === undefined ? 'accept-encoding' : `${before}, accept-encoding`)
}

/** Compresses a text in a thread of libuv. */
export function compress(text: string, coding: Coding): Promise<Buffer> {
  return codings[coding](text)
}
