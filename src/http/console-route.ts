import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Coding, codingFor, varyByCoding } from './compression.ts'
import type { Health } from './health.ts'
import { refuse } from './http-refusal.ts'
import { type Asked, addRoute } from './route.ts'

export interface ConsoleRouteDeps {
  readonly health: Pick<Health, 'isLeaving' | 'isStopping'>
  /** Where `src/prepare-console.ts` put the files. */
  readonly folder: string
}

interface ConsoleFile {
  readonly contentType: string
  readonly etag: string
  readonly cacheControl: string
  readonly plain: Buffer
  readonly coded: ReadonlyMap<Coding, Buffer>
}

const page = 'index.html'

const contentTypes: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

/** The console loads and calls this server alone, runs no script of a page's text, and is framed by nobody. */
const headers: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

/** Serves the console, which anyone may load: what it shows it asks for with its user's credential. */
export function addConsoleRoute(app: FastifyInstance, { health, folder }: ConsoleRouteDeps): void {
  let reading: Promise<ReadonlyMap<string, ConsoleFile>> | undefined
  /** Read at the first request and kept, unless there is nothing yet. */
  async function readFiles(): Promise<ReadonlyMap<string, ConsoleFile>> {
    reading ??= readConsole(folder)
    const files = await reading
    if (files.size === 0) reading = undefined
    return files
  }
  const methods = ['GET', 'HEAD']
  addRoute(app, health, { url: '/console', methods, answer: async ({ reply }) => toConsole(reply) })
  addRoute(app, health, {
    url: '/console/*',
    methods,
    async answer(asked) {
      const files = await readFiles()
      if (files.size === 0) return answerMissing(asked.reply)
      const { '*': name } = asked.request.params as { '*': string }
      // Looked up, so that no name leads out of the folder.
      const file = files.get(name === '' ? page : name)
      return file === undefined ? refuse(asked.reply, 'no_such_path') : answerFile(asked, file)
    },
  })
}

/** Whether a request to the root comes from somebody who looks at it with a browser. */
export function wantsPage(accept: string | undefined): boolean {
  return (accept ?? '').split(',').some(each => each.split(';', 1)[0]?.trim().toLowerCase() === 'text/html')
}

/** Leads to the console, relative to the path that was asked for: a proxy may have put a prefix before it. */
export function toConsole(reply: FastifyReply): FastifyReply {
  return reply.code(302).header('location', 'console/').send()
}

function answerFile({ request, reply }: Asked, file: ConsoleFile): FastifyReply {
  reply.headers({ ...headers, etag: file.etag, 'cache-control': file.cacheControl })
  varyByCoding(reply)
  if (isFresh(request.headers['if-none-match'], file.etag)) return reply.code(304).send()
  const coding = codingFor(request.headers['accept-encoding'])
  const coded = coding && file.coded.get(coding)
  if (coded) reply.header('content-encoding', coding)
  return reply.type(file.contentType).send(coded ?? file.plain)
}

/** A weak comparison (RFC 9110, section 13.1.2): proxies that compress mark the tag as weak. */
function isFresh(ifNoneMatch: string | undefined, etag: string): boolean {
  const known = (ifNoneMatch ?? '').split(',').map(each => each.trim().replace(/^W\//, ''))
  return known.includes(etag) || known.includes('*')
}

function answerMissing(reply: FastifyReply): FastifyReply {
  const text = 'The console was not built. Run: npm run build\n'
  return reply.code(503).headers(headers).type('text/plain; charset=utf-8').send(text)
}

/** The files by name, with their compressed forms; empty where there are none. */
async function readConsole(folder: string): Promise<ReadonlyMap<string, ConsoleFile>> {
  const names = await readdir(folder).catch(error => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const present = new Set(names)
  if (!present.has(page)) return new Map()
  const read = (name: string): Promise<Buffer> => readFile(join(folder, name))
  const plainNames = names.filter(name => contentTypes[extensionOf(name)] !== undefined)
  return new Map(
    await Promise.all(
      plainNames.map(async (name): Promise<[string, ConsoleFile]> => {
        const plain = await read(name)
        const coded = new Map<Coding, Buffer>()
        if (present.has(`${name}.br`)) coded.set('br', await read(`${name}.br`))
        if (present.has(`${name}.gz`)) coded.set('gzip', await read(`${name}.gz`))
        const file: ConsoleFile = {
          contentType: contentTypes[extensionOf(name)] ?? '',
          etag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`,
          // Every name but the page's holds a digest of its content.
          cacheControl: name === page ? 'no-cache' : 'public, max-age=31536000, immutable',
          plain,
          coded,
        }
        return [name, file]
      }),
    ),
  )
}

function extensionOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}
