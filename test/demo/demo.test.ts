import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeFolder, type ServedDaybook, serveDaybook } from '../cli/daybook.ts'

const run = promisify(execFile)
let folder: Awaited<ReturnType<typeof makeFolder>>
let server: ServedDaybook

beforeAll(async () => {
  folder = await makeFolder()
  server = await serveDaybook(folder.path)
}, 60_000)

afterAll(async () => {
  await server.stop()
  await folder.remove()
})

async function playDemo(env: Readonly<Record<string, string>>): Promise<string> {
  const script = join(import.meta.dirname, 'demo.ts')
  return (await run(process.execPath, [script], { env: { ...process.env, ...env } })).stdout
}

test.each(['temporary', 'running'])(
  'the demo shows every example of NodeGet’s documentation with its answer on a %s server',
  async kind => {
    const env = { DAYBOOK_URL: server.url, DAYBOOK_TOKEN_FILE: join(folder.path, 'super-token') }
    const shown = await playDemo(kind === 'running' ? env : {})
    expect(shown.match(/^ {2}→ .*"method":"js-result_/gm)).toHaveLength(7)
    expect(shown.match(/^ {2}← \d+ rows?$/gm)).toEqual([
      '  ← 10 rows',
      '  ← 3 rows',
      '  ← 1 row',
      '  ← 20 rows',
    ])
    expect(shown.match(/"deleted":\d+/g)).toEqual(['"deleted":1', '"deleted":50', '"deleted":20'])
    expect(shown).toContain('289 runs of these workers are left')
    expect(shown.includes(server.url)).toBe(kind === 'running')
  },
)
