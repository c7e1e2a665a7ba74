import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeEmptyFolder, serveDaybook, startDaybook } from '../daybook.ts'

const run = promisify(execFile)
let folder: Awaited<ReturnType<typeof makeEmptyFolder>>

beforeAll(async () => {
  folder = await makeEmptyFolder()
})

afterAll(() => folder.remove())

/** Pastes the command that the server prints. */
async function paste(welcome: string): Promise<unknown> {
  const command = /^ +(curl .*)$/m.exec(welcome)?.[1] ?? ''
  return JSON.parse((await run('sh', ['-c', command])).stdout)
}

test('serve shows the super token on its first start only, and a command that works when pasted', async () => {
  const dataDir = join(folder.path, "it's a folder")
  const credential = /\b[A-Za-z0-9]{16}:[A-Za-z0-9]{32}\b/

  const first = await serveDaybook(dataDir)
  expect(first.welcome).toMatch(/^Daybook starts: it makes the database in .*it's a folder$/m)
  expect(first.welcome).toMatch(credential)
  expect(first.welcome).toContain(`\nIts console is at ${first.url}/console/\n`)
  expect((await fetch(`${first.url}/console/`)).headers.get('content-type')).toContain('text/html')
  expect(await paste(first.welcome)).toEqual({ jsonrpc: '2.0', id: 1, result: [] })
  const appended = await startDaybook(['append', 'js-result'], {
    env: { DAYBOOK_URL: first.url, DAYBOOK_DATA: dataDir },
    input: '{"js_worker_name":"demo_worker"}\n',
  })
  expect(appended.stdout).toBe('{"written":1}\n')
  expect(await first.stop()).toBe(0)

  const tokenFile = join(dataDir, 'super-token')
  expect((await stat(tokenFile)).mode & 0o777).toBe(0o600)
  const second = await serveDaybook(dataDir)
  expect(second.welcome).toMatch(/^Daybook starts: it opens the database /m)
  expect(second.welcome).not.toMatch(credential)
  expect(second.welcome).toContain(tokenFile)
  expect(await paste(second.welcome)).toMatchObject({ result: [{ js_worker_name: 'demo_worker' }] })
  expect(await second.stop()).toBe(0)
}, 60_000)

test('serve that cannot start says why on stderr, and exit 1', async () => {
  const env = { DAYBOOK_DATA: folder.path, DATABASE_URL: 'postgres://127.0.0.1:1/none' }
  const { code, stdout, stderr } = await startDaybook(['serve'], { env })
  expect({ code, stdout }).toEqual({ code: 1, stdout: 'Daybook starts: it connects to PostgreSQL\n' })
  expect(stderr).toContain('ECONNREFUSED')
})

test('every fault of the configuration is listed, and exit 1', async () => {
  const env = { PORT: 'x', DAYBOOK_BOGUS: '1', DAYBOOK_JWT_SECRET: 'short' }
  const { code, stderr } = await startDaybook(['serve'], { env })
  expect(code).toBe(1)
  expect(stderr.trim().split('\n')).toHaveLength(3)
  expect(stderr).toContain('PORT')
  expect(stderr).not.toContain('short')
})
