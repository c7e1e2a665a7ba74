import { readFile } from 'node:fs/promises'
import { runInNewContext } from 'node:vm'
import { afterAll, describe, expect, it } from 'vitest'
import { createSandbox } from '../../src/sandbox/sandbox.ts'
import { onCall, resultOf } from './script-runs.ts'

const sandbox = createSandbox({ threads: 1 })
afterAll(() => sandbox.close())

const answer = (body: string) => resultOf(sandbox, onCall(body))

/** The same code in the sandbox and in Node: what scripts find are the same functions by the same names. */
const alike: Readonly<Record<string, string>> = {
  'URL parts': `const u = new URL('../x?a=1&b=%20#h', 'https://u:p@bücher.example:8443/a/b/c')
    return [u.href, u.origin, u.protocol, u.username, u.password, u.host, u.hostname, u.port, u.pathname, u.search, u.hash, String(u), JSON.stringify({ u })]`,
  'URL changes': `const u = new URL('http://a/b'); u.protocol = 'https'; u.host = 'c:9'; u.pathname = 'd e'; u.hash = 'f'; u.search = '?x=1'
    u.searchParams.append('y', 'ü &'); u.searchParams.delete('x'); const before = u.href; u.href = 'http://z/?q=1'
    return [before, u.searchParams.get('q'), u.href]`,
  'what is no URL': `const names = []
    for (const text of ['', 'nope', 'http://', 'http://a b/']) try { new URL(text); names.push('taken') } catch (error) { names.push(error.name, error.code) }
    return [names, URL.canParse('http://a'), URL.canParse('a'), URL.parse('a'), URL.parse('b', 'http://a').href]`,
  URLSearchParams: `const q = new URLSearchParams('?b=2&a=1&b=3&c=%F0%9F%98%80+x'); q.append('d', 'é'); q.set('b', '9'); q.sort()
    return [String(q), q.size, q.has('a'), q.has('a', '2'), q.getAll('b'), [...q], [...q.keys()], [...q.values()],
      String(new URLSearchParams({ a: 1, b: 'x y' })), String(new URLSearchParams([['k', 'v'], ['k', 'w']]))]`,
  'text and bytes': `const bytes = new TextEncoder().encode('hé😀\ud800'); const into = new Uint8Array(4)
    return [[...bytes], new TextDecoder().decode(bytes), new TextDecoder('latin1').decode(new Uint8Array([233, 128])),
      new TextDecoder('utf-16le').decode(new Uint8Array([65, 0, 61, 216, 0, 222])), new TextEncoder().encodeInto('aéé', into), [...into],
      new TextDecoder().decode(new Uint8Array([255, 65]).subarray(1)), new TextDecoder('utf8').encoding, new TextDecoder().decode()]`,
  'bytes that are no text': `const names = []
    for (const ask of [() => new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([255])), () => new TextDecoder('nope'), () => btoa('€'), () => atob('*')])
      try { ask(); names.push('taken') } catch (error) { names.push(error.name) }
    return names`,
  base64: `return [btoa('hi\u00ff'), atob('aGn/'), atob(' a G k = ')]`,
  'digests and HMAC': `const bytes = new TextEncoder(); const hex = b => [...new Uint8Array(b)].map(x => x.toString(16).padStart(2, '0')).join('')
    const key = await crypto.subtle.importKey('raw', bytes.encode('key'), { name: 'HMAC', hash: 'SHA-256' }, true, ['sign', 'verify'])
    const signature = await crypto.subtle.sign('HMAC', key, bytes.encode('data'))
    const hashes = []
    for (const name of ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512']) hashes.push(hex(await crypto.subtle.digest(name, bytes.encode('abc'))))
    return [hashes, hex(signature), await crypto.subtle.verify('HMAC', key, signature, bytes.encode('data')),
      await crypto.subtle.verify('HMAC', key, signature, bytes.encode('other')), hex(await crypto.subtle.exportKey('raw', key)),
      await crypto.subtle.digest('MD5', new Uint8Array()).catch(error => error.name)]`,
  'random values': `const values = crypto.getRandomValues(new Uint16Array(8))
    return [/^[\\da-f]{8}-[\\da-f]{4}-4[\\da-f]{3}-[89ab][\\da-f]{3}-[\\da-f]{12}$/.test(crypto.randomUUID()), values.length, values.some(x => x > 0),
      crypto.randomUUID() === crypto.randomUUID()]`,
  structuredClone: `const a = { d: new Date(5), m: new Map([[{ k: 1 }, new Set([1])]]), u: new Uint8Array([1, 2]).subarray(1), e: new TypeError('t'), r: /x/gi, n: null, l: [1, , 3] }
    a.self = a; const c = structuredClone(a)
    const refused = []
    for (const value of [() => 1, Symbol('s'), { f() {} }]) try { structuredClone(value) } catch (error) { refused.push(error.name) }
    return [c !== a, c.self === c, c.d instanceof Date && c.d.getTime(), [...c.m.values()].map(s => [...s]), [...c.u], c.e instanceof TypeError, c.e.message, String(c.r), c.n, 1 in c.l, refused]`,
  'AbortController and AbortSignal': `const c = new AbortController(); const seen = []
    c.signal.addEventListener('abort', () => seen.push('a')); c.signal.onabort = () => seen.push('b'); c.abort(); c.abort('again')
    const late = AbortSignal.timeout(1); await new Promise(done => late.addEventListener('abort', done))
    let thrown; try { AbortSignal.abort('why').throwIfAborted() } catch (error) { thrown = error }
    return [seen, c.signal.aborted, c.signal.reason.name, c.signal.reason.code, late.reason.name, thrown, AbortSignal.any([new AbortController().signal, late]).aborted]`,
  'timers and microtasks': `const order = []; let count = 0
    queueMicrotask(() => order.push('micro')); await null; await null; order.push('main')
    await new Promise(done => { const timer = setInterval((a) => { order.push(a); if (++count === 2) { clearInterval(timer); done() } }, 1, 'tick') })
    return order`,
  'Headers, Request and Response': `const h = new Headers([['B', '2'], ['a', ' 1 ']]); h.append('b', '3'); h.delete('none')
    const r = new Response(new URLSearchParams({ a: 'b c' }), { status: 201, statusText: 'Made', headers: { x: '1' } })
    const q = new Request('http://x', { method: 'post', headers: h, body: 'ü' })
    const refused = []
    for (const ask of [() => new Response('x', { status: 99 }), () => new Response('x', { status: 204 }), () => new Request('http://x', { body: 'x' }), () => new Headers({ 'a b': '1' }), () => new Headers({ a: 'x\\ny' })])
      try { ask(); refused.push('taken') } catch (error) { refused.push(error.name) }
    return [[...h], h.get('A'), h.has('b'), r.status, r.ok, r.statusText, [...r.headers], (await r.clone().formData()).get('a'), await r.text(), r.bodyUsed,
      q.url, q.method, q.headers.get('content-type'), await q.clone().text(), [...new Uint8Array(await q.arrayBuffer())],
      Response.json({ a: 1 }, { status: 202 }).headers.get('content-type'), Response.redirect('http://x/', 303).headers.get('location'),
      await new Response(new Uint8Array([104, 105])).text(), await Response.json([1]).json(), new Response().status, refused]`,
  'dates of a locale': `const d = new Date(Date.UTC(2026, 0, 2, 3, 4, 5)); const at = { timeZone: 'Asia/Shanghai' }
    return [d.toLocaleString('de-DE', at), d.toLocaleDateString('zh-CN', at), d.toLocaleTimeString('en-GB', { ...at, hour: '2-digit', minute: '2-digit' }),
      d.toLocaleDateString('en-US', { timeZone: 'America/New_York', dateStyle: 'full' }), d.toLocaleString('ar-EG', { timeZone: 'UTC' }), new Date(NaN).toLocaleString('en-US'),
      new Intl.DateTimeFormat('en-US', { timeZone: 'Europe/Berlin', timeStyle: 'long', dateStyle: 'short' }).format(d),
      new Intl.DateTimeFormat('sv-SE', { timeZone: 'UTC' }).formatToParts(d), Intl.DateTimeFormat('en', at).resolvedOptions().timeZone]`,
  'numbers of a locale': `return [(1234567.891).toLocaleString('en-US'), (1234.5).toLocaleString('de-DE', { style: 'currency', currency: 'EUR' }), (0.256).toLocaleString('en-US', { style: 'percent' }),
      12345678901234567890n.toLocaleString('en-IN'), [1.5, 2000].toLocaleString('de-DE'), new Uint16Array([1000, 2]).toLocaleString('en-US'), (NaN).toLocaleString('en-US'), (-0).toLocaleString('en-US'),
      new Intl.NumberFormat('en-US', { notation: 'compact' }).format(12345), [1, 2].map(new Intl.NumberFormat('de-DE', { minimumFractionDigits: 2 }).format),
      new Intl.NumberFormat('en-US').format('123456789012345678901234567890.25')]`,
  'texts of a locale': `return ['a'.localeCompare('B', 'en-US'), 'ä'.localeCompare('z', 'sv'), 'ä'.localeCompare('z', 'de'), '2'.localeCompare('10', 'en', { numeric: true }), 'I'.toLocaleLowerCase('tr'), 'i'.toLocaleUpperCase('tr'),
      ['z', 'ä', 'a'].sort(new Intl.Collator('de').compare), new Intl.PluralRules('en', { type: 'ordinal' }).select(2), new Intl.RelativeTimeFormat('en', { numeric: 'auto' }).format(-1, 'day'),
      new Intl.ListFormat('en').format(new Set(['a', 'b', 'c'])), new Intl.DisplayNames('en', { type: 'region' }).of('DE'),
      [...new Intl.Segmenter('en', { granularity: 'word' }).segment('Hi you')].map(each => each.segment), Intl.getCanonicalLocales('EN-us')]`,
  'locales and options that are none': `const names = []
    for (const ask of [() => new Date(0).toLocaleString('en', { timeZone: 'Mars/Phobos' }), () => (1).toLocaleString('no locale'), () => (1).toLocaleString('en', { style: 'currency' }),
      () => new Intl.DateTimeFormat('en', { dateStyle: 'huge' }), () => new Intl.DateTimeFormat('en').format(new Date(NaN)), () => 'a'.localeCompare('b', 'x'), () => Date.prototype.toLocaleString.call(null)])
      try { ask(); names.push('taken') } catch (error) { names.push(error.name) }
    return names`,
}

describe('what a script finds', () => {
  it.each(Object.entries(alike))('is as in Node: %s', async (_what, body) => {
    const run = new Function(`return (async () => {\n${body}\n})()`) as () => Promise<unknown>
    expect(await answer(body)).toEqual(JSON.parse(JSON.stringify(await run())))
  })

  it('speaks American English where no locale is given, whatever the server speaks', async () => {
    const body = `return [(1234.5).toLocaleString(), new Intl.NumberFormat().resolvedOptions().locale, 'a'.localeCompare('B')]`
    expect(await answer(body)).toEqual(['1,234.5', 'en-US', -1])
  })

  it.each([
    ['a stream of bytes', 'new TextDecoder().decode(new Uint8Array(1), { stream: true })', 'TypeError'],
    [
      'a form with files',
      `await new Response('x', { headers: { 'content-type': 'multipart/form-data; boundary=b' } }).formData()`,
      'TypeError',
    ],
    ['a body that is an object', 'new Response({})', 'TypeError'],
    [
      'another key than HMAC',
      `await crypto.subtle.importKey('raw', new Uint8Array(16), 'AES-GCM', true, ['encrypt'])`,
      'NotSupportedError',
    ],
    [
      'what would be transferred',
      'structuredClone(new ArrayBuffer(1), { transfer: [new ArrayBuffer(1)] })',
      'DataCloneError',
    ],
  ])('refuses what it has not, by a named error: %s', async (_what, code, name) => {
    expect(await answer(`try { ${code}; return 'taken' } catch (error) { return error.name }`)).toBe(name)
  })

  it('is in the docs, all of it', async () => {
    const docs = await readFile(new URL('../../docs/scripts.md', import.meta.url), 'utf8')
    const language = new Set([
      ...(runInNewContext('Object.getOwnPropertyNames(globalThis)') as string[]),
      'InternalError',
      'Float16Array',
    ])
    language.delete('console')
    const names = (await answer('return Object.getOwnPropertyNames(globalThis)')) as string[]
    const own = names.filter(name => !language.has(name) && name !== 'CryptoKey')
    expect(own).toContain('structuredClone')
    expect(own.filter(name => !docs.includes(`\`${name}`))).toEqual([])
  })

  it('may be replaced by the script', async () => {
    const body = `globalThis.URL = class { href = 'mine' }; fetch = () => 'mine'; return [new URL('x').href, fetch()]`
    expect(await answer(body)).toEqual(['mine', 'mine'])
  })
})

describe('a fetch that is aborted', () => {
  it('rejects with the reason, and is aborted at the host', async () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const host = (_name: string, _args: string, signal: AbortSignal) => {
      signal.addEventListener('abort', () => resolve('aborted'))
      return new Promise<string>(() => {})
    }
    const body = `const controller = new AbortController()
      setTimeout(() => controller.abort('enough'), 1)
      const thrown = await fetch('http://x/', { signal: controller.signal }).catch(error => error)
      return [thrown, await fetch('http://x/', { signal: controller.signal }).catch(error => error)]`
    expect(await resultOf(sandbox, onCall(body), { host })).toEqual(['enough', 'enough'])
    expect(await promise).toBe('aborted')
  })
})

describe('a Response that a script returns', () => {
  it.each([
    [
      `new Response('<b>', { status: 404, headers: { 'Content-Type': 'text/html' } })`,
      { status: 404, headers: { 'content-type': 'text/html' }, body: '<b>' },
    ],
    ['new Response(null, { status: 204 })', { status: 204, headers: {}, body: null }],
    [
      'Response.json({ a: 1 })',
      { status: 200, headers: { 'content-type': 'application/json' }, body: '{"a":1}' },
    ],
    ['new Response(new Uint8Array([255, 0]))', { status: 200, headers: {}, body_base64: '/wA=' }],
  ])('is its status, headers and body: %s', async (code, described) => {
    expect(await answer(`return ${code}`)).toEqual(described)
  })
})
