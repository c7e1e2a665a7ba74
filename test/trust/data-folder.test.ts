import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { dataFolder, filledFolder, serveDaybook, superToken } from './daybook-process.ts'

test('a data folder has one server at a time, until that is gone', { timeout: 120_000 }, async () => {
  const variables = { DAYBOOK_DATA: await filledFolder() }
  const first = await serveDaybook(variables)
  const client = createClient({ url: first.url, token: superToken })
  const [id] = await client.append('js-result', [{ js_worker_name: 'kept' }])

  const refusal = `ended with 1: daybook: the data folder is in use by process ${first.pid} `
  await expect(serveDaybook(variables)).rejects.toThrow(refusal)
  expect(await client.query('js-result', [])).toMatchObject([{ id, js_worker_name: 'kept' }])
  const [second] = await client.append('js-result', [{ js_worker_name: 'kept' }])

  await first.kill()
  const next = await serveDaybook(variables)
  const rows = await createClient({ url: next.url, token: superToken }).query('js-result', [])
  expect(rows.map(row => row.id).sort()).toEqual([id, second])
})

const main = resolve(import.meta.dirname, '../../src/main.ts')

// Of root or of a user that may make namespaces: process numbers, host name and /proc of its own, as a container has.
const contained = ['--user', '--map-root-user', '--pid', '--fork', '--mount-proc', '--uts', '--net']
const mayContain = spawnSync('unshare', [...contained, 'true']).status === 0

test('two containers of one host name do not share a data folder', { timeout: 120_000 }, async context => {
  if (!mayContain) context.skip('unshare(1) may not make namespaces here: containers were NOT tried')
  const DAYBOOK_DATA = await filledFolder()
  const first = serveContained(DAYBOOK_DATA)
  await listening(first)
  const second = serveContained(DAYBOOK_DATA)
  const [[code], said] = await Promise.all([once(second, 'exit'), text(second.stderr)])
  expect(code).toBe(1)
  expect(said).toContain('the data folder is in use by process')

  first.kill('SIGKILL')
  await once(first, 'exit')
  await expect.poll(() => listening(serveContained(DAYBOOK_DATA)), { timeout: 20_000 }).toBe('listens')
})

test('nothing that a server writes is for others to read', { timeout: 120_000 }, async () => {
  const folder = await dataFolder()
  await chmod(folder, 0o777)
  const { url, output } = await serveDaybook({ DAYBOOK_DATA: folder, DAYBOOK_SUPER_TOKEN: undefined })
  const [token] = /\w{16}:\w{32}/.exec(output()) ?? []
  const client = createClient({ url, token: token ?? '' })
  const target = { file: { name: 'kept' } }
  await client.call('sink_create', {
    name: 'to-file',
    resource: 'js-result',
    query: { condition: [] },
    target,
  })
  await client.append('js-result', [{ js_worker_name: 'kept' }])
  await expect.poll(() => readdir(join(folder, 'sinks')).catch(() => [])).toContain('kept.ndjson')
  const files = ['.', ...(await readdir(folder, { recursive: true }))]
  expect(files).toContain('super-token')
  const open = await Promise.all(
    files.map(async file => ({ file, mode: (await stat(join(folder, file))).mode & 0o077 })),
  )
  expect(open.filter(({ mode }) => mode !== 0)).toEqual([])
})

function serveContained(folder: string) {
  const program = [process.execPath, main, 'serve']
  const child = spawn('unshare', [...contained, '--kill-child', ...program], {
    env: { PATH: process.env.PATH, PORT: '0', DAYBOOK_SUPER_TOKEN: superToken, DAYBOOK_DATA: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** Resolves to how it began: to listen, or to end. */
async function listening(child: ReturnType<typeof serveContained>): Promise<string> {
  for await (const chunk of child.stdout) if (String(chunk).includes('listens on')) return 'listens'
  return 'ended'
}
