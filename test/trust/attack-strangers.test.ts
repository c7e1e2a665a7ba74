import { gzipSync } from 'node:zlib'
import { beforeAll, expect, test, vi } from 'vitest'
import { serveForFile } from './attacked-server.ts'
import { requestText } from './http-exchange.ts'
import { feltBeside, report } from './other-client.ts'

vi.setConfig({ testTimeout: 60_000 })

const server = serveForFile()

/** Just under a mebibyte of rows that are all `item`. */
function appendOf(item: string, id = '1'): string {
  const count = Math.floor((1024 * 1024 - 200) / (item.length + 1))
  const rows = Array.from({ length: count }, () => item).join()
  return `{"jsonrpc":"2.0","method":"js-result_append","params":{"rows":[${rows}]},"id":${id}}`
}

function batchOf(count: number, method: string, params: unknown): string {
  return `[${Array.from({ length: count }, (_, i) => requestText(method, params, i)).join()}]`
}

const json = { 'content-type': 'application/json' }

/** What a stranger sends without a pause, how it is answered, and how long another client may wait meanwhile (median, ms). */
const attacks: readonly (readonly [
  string,
  () => Buffer,
  Readonly<Record<string, string>>,
  RegExp,
  number,
])[] = [
  ['1 MB of 1e5', () => Buffer.from(appendOf('1e5')), json, /"code":102/, 800],
  ['1 MB of 1e5 and a long id', () => Buffer.from(appendOf('1e5', '1e400')), json, /"id":1e400/, 800],
  ['49,000 long numbers', () => Buffer.from(appendOf('123456789012345678901')), json, /"code":102/, 800],
  ['1 MB of escaped keys', () => Buffer.from(appendOf('{"\\u0074oken":1}')), json, /"code":102/, 800],
  [
    '1 MB of 1e5 in gzip',
    () => gzipSync(appendOf('1e5')),
    { ...json, 'content-encoding': 'gzip' },
    /"code":102/,
    400,
  ],
  [
    'batches of 100 rpc.discover',
    () => Buffer.from(batchOf(100, 'rpc.discover', {})),
    json,
    /batch_too_costly/,
    250,
  ],
  [
    'rpc.discover in brotli or gzip',
    () => Buffer.from(requestText('rpc.discover', {})),
    { ...json, 'accept-encoding': 'br, gzip' },
    /"openrpc":"1/,
    250,
  ],
  [
    'batches of 100 wrong credentials',
    () => Buffer.from(batchOf(100, 'js-result_query', { token: `${'Z'.repeat(16)}:${'z'.repeat(32)}` })),
    json,
    /"code":10[12]/,
    400,
  ],
]

// Whoever asks first makes the document.
beforeAll(async () => {
  await fetch(`${server().url}/openrpc.json`)
})

test.for(attacks)(
  'six strangers who send %s leave another client in peace',
  async ([name, makeBody, headers, answered, most]) => {
    const body = makeBody()
    const { url, client } = server()
    const until = performance.now() + 3000
    const send = async (): Promise<void> => {
      do {
        const answer = await fetch(url, { method: 'POST', headers, body })
        expect(await answer.text()).toMatch(answered)
      } while (performance.now() < until)
    }
    const felt = await feltBeside({ ask: () => client.query('js-result', ['last']) }, () =>
      Promise.all(Array.from({ length: 6 }, send)),
    )
    report(`six strangers, ${name}`, felt)
    expect(felt.refused).toBe(0)
    expect(felt.median).toBeLessThan(most)
  },
)
