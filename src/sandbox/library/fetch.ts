import type { bodyLibrary } from './body.ts'
import type { headerLibrary } from './headers.ts'
import type { Kit } from './kit.ts'
import type { requestLibrary } from './request.ts'
import type { responseLibrary } from './response.ts'
import type { urlLibrary } from './url.ts'

interface Needs extends Readonly<Record<string, (kit: never) => unknown>> {
  readonly body: typeof bodyLibrary
  readonly headers: typeof headerLibrary
  readonly request: typeof requestLibrary
  readonly response: typeof responseLibrary
  readonly url: typeof urlLibrary
}

/** fetch: through the host, which knows where a script may go. */
export function fetchLibrary(kit: Kit<Needs>) {
  type Request = InstanceType<typeof Request>
  type Response = ReturnType<typeof received>
  interface Signal {
    readonly aborted: boolean
    readonly reason: unknown
    addEventListener(type: string, listener: () => void): void
  }

  const { Headers } = kit.library('headers')
  const { Request } = kit.library('request')
  const { received } = kit.library('response')
  const { describe, withContentOf } = kit.library('body')
  const mostRedirects = 20

  function ask(args: readonly unknown[], signal: Signal | null | undefined): Promise<unknown> {
    if (signal === undefined || signal === null) return kit.request('fetch', args)
    return new Promise((resolve, reject) => {
      if (signal.aborted) throw signal.reason
      let id = 0
      signal.addEventListener('abort', () => {
        kit.host('abort', id)
        reject(signal.reason)
      })
      const onId = (given: number) => {
        id = given
      }
      kit.request('fetch', args, onId).then(resolve, reject)
    })
  }

  async function send(request: Request): Promise<Response> {
    const { headers, ...content } = describe(request)
    const body = content.body === null && content.body_base64 === undefined ? {} : content
    const args = [request.url, { method: request.method, headers, ...body }]
    const answer = await ask(args, request.signal as Signal | undefined)
    return received(answer as Parameters<typeof received>[0], request.url)
  }

  async function fetch(input: unknown, init?: ConstructorParameters<typeof Request>[1]): Promise<Response> {
    let request = new Request(input, init)
    for (let i = 0; i <= mostRedirects; i++) {
      const response = await send(request)
      const isRedirect = [301, 302, 303, 307, 308].includes(response.status)
      const location = isRedirect ? response.headers.get('location') : null
      if (location === null || request.redirect === 'manual') return response
      if (request.redirect !== 'follow') throw new TypeError(`redirected to ${location}`)
      request = redirected(request, response.status, location)
    }
    throw new TypeError(`more than ${mostRedirects} redirects`)
  }

  function redirected(request: Request, status: number, location: string): Request {
    const { URL } = kit.library('url')
    const url = new URL(location, request.url)
    const headers = new Headers(request.headers)
    if (url.origin !== new URL(request.url).origin) {
      for (const name of ['authorization', 'cookie']) headers.delete(name)
    }
    const { signal, redirect, method } = request
    const asGet = status === 303 ? method !== 'HEAD' : status < 303 && method === 'POST'
    if (!asGet) return withContentOf(new Request(url, { method, headers, signal, redirect }), request)
    for (const name of ['content-type', 'content-length']) headers.delete(name)
    return new Request(url, { headers, signal, redirect })
  }

  return { fetch }
}
