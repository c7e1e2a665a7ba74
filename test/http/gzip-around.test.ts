import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { gzipAround } from '../../src/http/gzip-around.ts'
import { JsonText } from '../../src/json.ts'

const shared = new JsonText(JSON.stringify({ shared: 'x'.repeat(20_000) }))

test('what stands around a shared part is compressed with it', async () => {
  const answer = `[{"id":"é"},${shared.text},{"id":2}]`
  const compressed = await gzipAround(answer, shared)
  expect(gunzipSync(compressed ?? '').toString()).toBe(answer)
})

test('megabytes around it are sent as they are: to compress them would hold up everybody', async () => {
  const rows = JSON.stringify(Array.from({ length: 100_000 }, (_, i) => ({ i })))
  expect(await gzipAround(`[${shared.text},${rows}]`, shared)).toBeUndefined()
})
