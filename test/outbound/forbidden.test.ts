import { lookup } from 'node:dns/promises'
import { createServer } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createOutbound, type Outbound, type OutboundRequest } from '../../src/outbound/outbound.ts'
import { type Listener, listen, listenHttp } from './listener.ts'

/** The service of ours that nobody may reach; the URLs name its port. */
let secret: Listener
let outbound: Outbound

const names: Readonly<Record<string, readonly string[]>> = {
  'loopback.example': ['127.0.0.1'],
  'loopback6.example': ['::1'],
  'mapped.example': ['::ffff:127.0.0.1'],
  'nat64.example': ['64:ff9b::7f00:1'],
  'private.example': ['10.0.0.1'],
  'metadata.example': ['169.254.169.254'],
  'unspecified.example': ['0.0.0.0'],
  'mixed.example': ['93.184.216.34', '127.0.0.1'],
  'mixed6.example': ['127.0.0.1', '2606:4700:4700::1111'],
  'zone.example': ['fe80::1%lo'],
  'odd.example': ['127.1'],
  'service.internal': ['127.0.0.1'],
}

async function resolve(hostname: string): Promise<readonly string[]> {
  return names[hostname] ?? (await lookup(hostname, { all: true })).map(({ address }) => address)
}

beforeAll(async () => {
  secret = await listen(createServer((_request, response) => response.end('secret')))
})
afterAll(() => secret.close())
beforeEach(() => {
  outbound = createOutbound({ allow: [], resolve })
})
afterEach(() => outbound.close())

function get(url: string, more: Partial<OutboundRequest> = {}): OutboundRequest {
  return { url, method: 'GET', headers: {}, timeoutMs: 5000, maxBytes: 1024, ...more }
}

test.for([
  // Numeric, octal, hexadecimal, short: a URL turns all of them into 127.0.0.1.
  'http://127.0.0.1:PORT/',
  'http://127.0.0.1.:PORT/',
  'http://127.1:PORT/',
  'http://127.0.1:PORT/',
  'http://2130706433:PORT/',
  'http://017700000001:PORT/',
  'http://0177.0.0.1:PORT/',
  'http://0x7f.1:PORT/',
  'http://0x7f000001:PORT/',
  'http://0x7F.0x0.0x0.0x1:PORT/',
  'http://%31%32%37.0.0.1:PORT/',
  'http://127%2e0%2e0%2e1:PORT/',
  'http://127.0.0.1:PORT/',
  'http://127。0。0。1:PORT/',
  'http://①②⑦.⓪.⓪.①:PORT/',
  'http:127.0.0.1:PORT/',
  'http:\\\\127.0.0.1:PORT\\',
  'http://127.0.0.1\t:PORT/',
  'https://127.0.0.1:PORT/',
  'http://127.0.0.2:PORT/',
  'http://0.0.0.0:PORT/',
  'http://0:PORT/',
  // IPv6, and what carries an IPv4 address in it.
  'http://[::1]:PORT/',
  'http://[0:0:0:0:0:0:0:1]:PORT/',
  'http://[::]:PORT/',
  'http://[::127.0.0.1]:PORT/',
  'http://[::ffff:127.0.0.1]:PORT/',
  'http://[::ffff:7f00:1]:PORT/',
  'http://[::ffff:0:127.0.0.1]:PORT/',
  'http://[64:ff9b::7f00:1]:PORT/',
  'http://[64:ff9b:1::7f00:1]:PORT/',
  'http://[2002:7f00:1::]:PORT/',
  'http://[2001:0:7f00:1::]:PORT/',
  'http://[fd00:ec2::254]/latest/meta-data/',
  'http://[fe80::1]:PORT/',
  // Metadata services, private ranges, multicast, broadcast.
  'http://169.254.169.254/latest/meta-data/',
  'http://2852039166/latest/meta-data/',
  'http://168.63.129.16/machine/',
  'http://100.100.100.200/latest/meta-data/',
  'http://10.0.0.1:PORT/',
  'http://172.16.0.1:PORT/',
  'http://192.168.1.1:PORT/',
  'http://224.0.0.1:PORT/',
  'http://255.255.255.255:PORT/',
  // Names.
  'http://localhost:PORT/',
  'http://LOCALHOST.:PORT/',
  'http://loopback.example:PORT/',
  'http://loopback.example.:PORT/',
  'http://loopback6.example:PORT/',
  'http://mapped.example:PORT/',
  'http://nat64.example:PORT/',
  'http://private.example:PORT/',
  'http://metadata.example/',
  'http://unspecified.example:PORT/',
  'http://mixed.example:PORT/',
  'http://mixed6.example:PORT/',
  'http://zone.example:PORT/',
  'http://odd.example:PORT/',
  'http://evil.example@127.0.0.1:PORT/ -> bad_url',
  'http://127.0.0.1:PORT@loopback.example:PORT/ -> bad_url',
  'ftp://127.0.0.1:PORT/ -> bad_url',
  'file:///etc/passwd -> bad_url',
  'ws://127.0.0.1:PORT/ -> bad_url',
  'unix:/var/run/docker.sock -> bad_url',
  '//127.0.0.1:PORT/ -> bad_url',
  'http://1.2.3.4.5:PORT/ -> bad_url',
  'http://[fe80::1%25lo]:PORT/ -> bad_url',
])('%s connects to nothing', async line => {
  const before = secret.connections()
  const [url = '', reason = 'address_forbidden'] = line.replaceAll('PORT', String(secret.port)).split(' -> ')
  await expect(outbound.request(get(url))).rejects.toMatchObject({ reason, retryable: false })
  expect(secret.connections()).toBe(before)
})

test('a name that is public when it is checked and ours afterwards connects to nothing of ours', async () => {
  const before = secret.connections()
  const answers = ['203.0.113.7', '127.0.0.1', '127.0.0.1']
  let asked = 0
  const rebound = createOutbound({
    allow: ['203.0.113.7'],
    resolve: async () => [answers[asked++] ?? '127.0.0.1'],
  })
  const url = `http://rebinding.example:${secret.port}/`
  const first = rebound.request(get(url, { timeoutMs: 300 }))
  await expect(first).rejects.toMatchObject({
    reason: expect.stringMatching(/^(timeout|connection_failed)$/),
  })
  expect(asked).toBe(1)
  await expect(rebound.request(get(url))).rejects.toMatchObject({ reason: 'address_forbidden' })
  expect(asked).toBe(2)
  expect(secret.connections()).toBe(before)
  await rebound.close()
})

test('a redirect to a service of ours is an answer, and is not followed', async () => {
  const before = secret.connections()
  const open = await listenHttp((_request, response) =>
    response.writeHead(302, { location: `http://127.0.0.1:${secret.port}/` }).end(),
  )
  const allowing = createOutbound({ allow: [`127.0.0.1:${open.port}`] })
  const answer = await allowing.request(get(`http://127.0.0.1:${open.port}/`))
  expect(answer).toMatchObject({ status: 302, headers: { location: `http://127.0.0.1:${secret.port}/` } })
  expect(secret.connections()).toBe(before)
  await allowing.close()
})

test('what one port was allowed for does not reach another port', async () => {
  const allowing = createOutbound({ allow: [`127.0.0.1:${secret.port + 1}`] })
  const refused = allowing.request(get(`http://127.0.0.1:${secret.port}/`))
  await expect(refused).rejects.toMatchObject({ reason: 'address_forbidden' })
  await allowing.close()
})

test('a host that a script may ask has to be allowed by its address as well', async () => {
  const before = secret.connections()
  const hosts = ['loopback.example', '*.example']
  const refused = outbound.request(get(`http://loopback.example:${secret.port}/`, { hosts }))
  await expect(refused).rejects.toMatchObject({ reason: 'address_forbidden' })
  expect(secret.connections()).toBe(before)
})

test('an address that is allowed has to be among the hosts of a script as well', async () => {
  const before = secret.connections()
  const allowing = createOutbound({ allow: ['127.0.0.1', 'service.internal'], resolve })
  for (const hosts of [[], ['other.internal'], ['service.internal:1'], ['*.service.internal']]) {
    const refused = allowing.request(get(`http://service.internal:${secret.port}/`, { hosts }))
    await expect(refused).rejects.toMatchObject({ reason: 'host_forbidden', retryable: false })
  }
  expect(secret.connections()).toBe(before)
  const hosts = [`service.internal:${secret.port}`]
  const answer = await allowing.request(get(`http://service.internal:${secret.port}/`, { hosts }))
  expect(answer.body).toBe('secret')
  await allowing.close()
})

test('a refusal does not tell which address a name has', async () => {
  const refusal = await outbound.request(get('http://private.example/')).catch(String)
  expect(refusal).toContain('private.example')
  expect(refusal).not.toContain('10.0.0.1')
})
