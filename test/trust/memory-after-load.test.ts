import { expect, test } from 'vitest'
import { serveForFile } from './attacked-server.ts'
import { memory } from './memory.ts'

const server = serveForFile()

test('what a load took is given back within a minute', { timeout: 120_000 }, async () => {
  const { client, process } = server()
  const rows = Array.from({ length: 1000 }, (_, i) => ({
    js_worker_name: 'loaded',
    param: { i, text: 'x'.repeat(200) },
  }))
  await client.append('js-result', rows)
  const until = performance.now() + 5000
  const read = async (): Promise<void> => {
    while (performance.now() < until) await client.query('js-result', [{ limit: 1000 }])
  }
  await Promise.all(Array.from({ length: 32 }, read))
  await expect.poll(() => memory(process.pid), { timeout: 60_000, interval: 1000 }).toBeLessThan(250)
})
