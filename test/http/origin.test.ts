import { expect, test } from 'vitest'
import { createOriginRules } from '../../src/http/origin.ts'

const local = createOriginRules({ host: '127.0.0.1', allowedHosts: [], allowedOrigins: [] })
const named = createOriginRules({
  host: 'db.example',
  allowedHosts: ['daybook.example', '[2001:db8::1]'],
  allowedOrigins: ['https://console.example'],
})
const everywhere = createOriginRules({
  host: '0.0.0.0',
  allowedHosts: ['daybook.example'],
  allowedOrigins: [],
})
const everywhere6 = createOriginRules({ host: '::', allowedHosts: [], allowedOrigins: [] })

test.for(['localhost', 'LOCALHOST:7411', '127.0.0.1', '127.0.0.1:7411', '127.9.9.9', '[::1]', '[::1]:7411'])(
  'the loopback host %s is always allowed',
  host => {
    for (const rules of [local, named, everywhere]) expect(rules.allowsHost(host)).toBe(true)
  },
)

test.for([
  undefined,
  '',
  'evil.example',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  '127.evil.example',
  '10.0.0.1',
  '[::2]',
  'localhost:7411:1',
  'localhost:',
  'evil@localhost',
  'localhost/',
  'localhost, evil.example',
  '__proto__',
])('the host %s is foreign', host => {
  expect(local.allowsHost(host)).toBe(false)
})

test('the bound and the listed hosts are allowed', () => {
  for (const host of ['db.example', 'Daybook.example:80', '[2001:DB8::1]:7411']) {
    expect(named.allowsHost(host)).toBe(true)
  }
  expect(named.allowsHost('10.0.0.1')).toBe(false)
})

test('bound to every address, any address is ours and a foreign name is not', () => {
  for (const rules of [everywhere, everywhere6]) {
    for (const host of ['10.0.0.1:7411', '[2001:db8::1]']) expect(rules.allowsHost(host)).toBe(true)
    for (const host of ['evil.example', '999.1.1.1', '[1.2.3]']) expect(rules.allowsHost(host)).toBe(false)
  }
  expect(everywhere.allowsHost('daybook.example')).toBe(true)
})

test.for([
  [undefined, 'localhost:7411', true],
  ['http://localhost:7411', 'localhost:7411', true],
  ['http://LOCALHOST:7411', 'localhost:7411', true],
  ['http://localhost', 'localhost:80', true],
  ['https://daybook.example', 'daybook.example', true],
  ['https://console.example', 'daybook.example', true],
  ['http://console.example', 'daybook.example', false],
  ['http://localhost:3000', 'localhost:7411', false],
  ['http://evil.example', 'localhost:7411', false],
  ['http://localhost:7411', '127.0.0.1:7411', false],
  ['null', 'localhost:7411', false],
  ['', 'localhost:7411', false],
  ['file://', 'localhost:7411', false],
  ['chrome-extension://localhost:7411', 'localhost:7411', false],
  ['http://localhost:7411', undefined, false],
] as const)('the origin %s on the host %s is allowed: %s', ([origin, host, isAllowed]) => {
  expect(named.allowsOrigin(origin, host)).toBe(isAllowed)
})

test('only listed origins are spoken CORS with', () => {
  expect(named.isListed('https://console.example')).toBe(true)
  expect(named.isListed('https://daybook.example')).toBe(false)
  expect(named.isListed(undefined)).toBe(false)
})

const wild = createOriginRules({
  host: '127.0.0.1',
  allowedHosts: ['*.apps.example'],
  allowedOrigins: ['https://*.console.example', 'http://*.local.example:3000'],
})

test.for([
  ['a.apps.example', true],
  ['A.Apps.example:7411', true],
  ['a.b.apps.example', true],
  ['apps.example', false],
  ['.apps.example', false],
  ['evilapps.example', false],
  ['a.apps.example.evil.example', false],
  ['*.apps.example', false],
] as const)('where *.apps.example is listed, the host %s is allowed: %s', ([host, isAllowed]) => {
  expect(wild.allowsHost(host)).toBe(isAllowed)
})

test.for([
  ['https://a.console.example', true],
  ['https://a.b.console.example', true],
  ['http://a.local.example:3000', true],
  ['http://a.local.example', false],
  ['http://a.console.example', false],
  ['https://a.console.example:8443', false],
  ['https://console.example', false],
  ['https://.console.example', false],
  ['https://evilconsole.example', false],
  ['https://evil.example/.console.example', false],
  ['https://evil.example#.console.example', false],
  ['https://evil.example:1.console.example', false],
  ['https://me@a.console.example', false],
  ['https://*.console.example', false],
] as const)('where subdomains are listed, the origin %s is allowed: %s', ([origin, isAllowed]) => {
  expect(wild.allowsOrigin(origin, 'localhost:7411')).toBe(isAllowed)
  expect(wild.isListed(origin)).toBe(isAllowed)
})
