import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { startTestServer, type TestOptions } from './test-server.ts'

const page = '<!doctype html><title>the page</title>'
const script = `${'// a script\n'.repeat(100)}`

async function serve(options: TestOptions = {}, files: Readonly<Record<string, string | Buffer>> = built) {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-console-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
  const { url } = await startTestServer({ consoleFolder: folder, ...options })
  return (path: string, init: RequestInit = {}) => fetch(url + path, { redirect: 'manual', ...init })
}

const built = {
  'index.html': page,
  'main-1A2B3C4D.js': script,
  'main-1A2B3C4D.js.gz': gzipSync(script),
  'secret.txt': 'not of the console',
}

test('the page is at /console/, needs no credential and may load this origin alone', async () => {
  const get = await serve()
  const answer = await get('/console/')
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(answer.headers.get('cache-control')).toBe('no-cache')
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
  const policy = new Map(
    (answer.headers.get('content-security-policy') ?? '').split('; ').map(each => {
      const [name = '', ...sources] = each.split(' ')
      return [name, sources.join(' ')]
    }),
  )
  expect(Object.fromEntries(policy)).toEqual({
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self'",
    'img-src': "'self' data:",
    'connect-src': "'self'",
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
  })
  expect(await answer.text()).toBe(page)
})

test('a browser at the root or without the slash is led there, relative to where it is', async () => {
  const get = await serve()
  const browser = { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } }
  for (const answer of [await get('/', browser), await get('/console')]) {
    expect(answer.status).toBe(302)
    expect(answer.headers.get('location')).toBe('console/')
  }
  expect((await get('/', { headers: { accept: '*/*' } })).status).toBe(405)
  expect((await get('/rpc', browser)).status).toBe(405)
})

test('hashed files may be kept for ever, and come compressed where that is taken', async () => {
  const get = await serve()
  const answer = await get('/console/main-1A2B3C4D.js', { headers: { 'accept-encoding': 'gzip' } })
  expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  expect(answer.headers.get('cache-control')).toContain('immutable')
  expect(answer.headers.get('content-encoding')).toBe('gzip')
  expect(answer.headers.get('vary')).toContain('accept-encoding')
  expect(await answer.text()).toBe(script)
  expect(gunzipSync(built['main-1A2B3C4D.js.gz']).toString()).toBe(script)
  const plain = await get('/console/main-1A2B3C4D.js', { headers: { 'accept-encoding': 'identity' } })
  expect(plain.headers.get('content-encoding')).toBeNull()
  expect(await plain.text()).toBe(script)
})

test('a file that the browser has is not sent again', async () => {
  const get = await serve()
  const etag = (await get('/console/')).headers.get('etag') ?? ''
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
    const answer = await get('/console/', { headers: { 'if-none-match': known } })
    expect(answer.status).toBe(304)
    expect(await answer.text()).toBe('')
  }
  expect((await get('/console/', { headers: { 'if-none-match': '"other"' } })).status).toBe(200)
})

test('nothing else of the folder and nothing outside of it is served', async () => {
  const get = await serve()
  const names = [
    'secret.txt',
    'main-1A2B3C4D.js.gz',
    'nothing.js',
    '..%2f..%2fetc%2fpasswd',
    '%2e%2e/index.html',
  ]
  for (const name of [...names, '__proto__', 'index.html/']) {
    expect((await get(`/console/${name}`)).status, name).toBe(404)
  }
  expect((await get('/console/', { method: 'POST' })).status).toBe(405)
})

test('foreign hosts and origins are refused here as everywhere', async () => {
  const get = await serve()
  expect((await get('/console/', { headers: { origin: 'https://elsewhere.example' } })).status).toBe(403)
})

test('without a built console a browser is told how to build it', async () => {
  const get = await serve({}, {})
  const answer = await get('/console/')
  expect(answer.status).toBe(503)
  expect(await answer.text()).toContain('npm run build')
})

test('it can be switched off', async () => {
  const get = await serve({ env: { DAYBOOK_CONSOLE: 'off' } })
  expect((await get('/console/')).status).toBe(404)
  expect((await get('/', { headers: { accept: 'text/html' } })).status).toBe(405)
})
