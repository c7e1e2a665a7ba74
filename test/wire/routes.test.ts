import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from './support/app.ts'
import { createWire, send } from './support/wire.ts'

/** What is registered, whoever does it: each path with each of its methods. */
const routes = new Set<string>()

function watchRoutes(message: unknown): void {
  const { fastify } = message as { readonly fastify: FastifyInstance }
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) routes.add(`${each} ${url}`)
  })
}

const isOpen = (path: string): boolean => /^(\/nodeget)?\/worker-route\//.test(path)

describe('the origin guard', () => {
  let app: TestApp
  const wire = createWire(() => app)

  beforeAll(async () => {
    subscribe('fastify.initialization', watchRoutes)
    app = await startTestApp('postgres')
    unsubscribe('fastify.initialization', watchRoutes)
    const members = `onRoute: ({ method, headers, body }) => method === 'OPTIONS'
      ? { status: 204, headers: { 'access-control-allow-origin': headers.origin, 'access-control-allow-methods': 'PUT' } }
      : { headers: { 'access-control-allow-origin': headers.origin }, body: [headers['content-type'], body] }`
    await wire.result('js-worker_create', {
      name: 'open',
      route_name: 'open',
      js_script_base64: Buffer.from(`export default { ${members} }`).toString('base64'),
    })
  })
  afterAll(() => app.close())

  test('knows all routes of the server', () => {
    const paths = [...routes].map(route => route.split(' ')[1] ?? '')
    expect(paths).toEqual(
      expect.arrayContaining(['/', '/nodeget/rpc', '/livez', '/metrics', '/openrpc.json']),
    )
    expect(paths.filter(path => path.startsWith('/v1')).length).toBeGreaterThan(0)
    expect(new Set(paths.filter(isOpen))).toEqual(new Set(['/worker-route/*', '/nodeget/worker-route/*']))
  })

  test.each(['https://evil.example', 'null'])(
    'refuses pages of %s on every route but those of scripts',
    async origin => {
      for (const route of routes) {
        const [method = '', url = ''] = route.split(' ')
        const path = url.replaceAll(/\*|:\w+/g, 'x')
        const { status } = await send(app.url, { path, method, headers: { origin } })
        expect([route, status]).toEqual([route, isOpen(url) ? 404 : 403])
      }
    },
  )

  test.each(['/worker-route/open', '/nodeget/worker-route/open'])(
    'leaves CORS on %s to the script: preflights, forms and pages without an origin',
    async path => {
      for (const origin of ['https://shop.example', 'null']) {
        const preflight = await send(app.url, {
          path,
          method: 'OPTIONS',
          headers: { origin, 'access-control-request-method': 'PUT' },
        })
        expect(preflight.status).toBe(204)
        expect(preflight.headers).toMatchObject({
          'access-control-allow-origin': origin,
          'access-control-allow-methods': 'PUT',
          'x-content-type-options': 'nosniff',
          'content-security-policy': 'sandbox',
        })
        const type = 'application/x-www-form-urlencoded'
        const posted = await send(app.url, {
          path,
          headers: { origin, 'content-type': type },
          body: 'a=1&b=2',
        })
        expect(posted.headers['access-control-allow-origin']).toBe(origin)
        expect(JSON.parse(posted.body)).toEqual([type, 'a=1&b=2'])
      }
    },
  )

  test('refuses names that are not ours on the routes of scripts, too', async () => {
    const { status, body } = await send(app.url, {
      path: '/worker-route/open',
      headers: { host: 'rebound.example' },
    })
    expect([status, JSON.parse(body).error.data.reason]).toEqual([403, 'foreign_host'])
  })
})
