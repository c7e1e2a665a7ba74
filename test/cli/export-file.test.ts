import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { secrets, startTestApp, type TestApp } from '../wire/support/app.ts'
import { makeEmptyFolder, type Ran, runDaybook } from './daybook.ts'
import { startRunning } from './running.ts'

const main = resolve(import.meta.dirname, '../../src/main.ts')
const project = 'project_id=it is'

let app: TestApp
let folder: Awaited<ReturnType<typeof makeEmptyFolder>>
let path: string
const whole = { ndjson: '', csv: '' }

beforeAll(async () => {
  app = await startTestApp('postgres')
  const rows = Array.from({ length: 200 }, (_, i) => ({
    project_id: 'it is',
    service_id: 's',
    service_name: 'n',
    event_info: `what\nhappened ${i}`,
  }))
  await createClient({ url: app.url, token: secrets.root }).append('service-event', rows)
  for (const format of ['ndjson', 'csv'] as const) {
    whole[format] = (await daybook(['export', 'service-event', '--format', format])).stdout
  }
})

afterAll(() => app.close())

beforeEach(async () => {
  folder = await makeEmptyFolder()
  path = join(folder.path, "an export's file")
  onTestFinished(() => folder.remove())
})

function reach(url: string): Record<string, string> {
  return { DAYBOOK_URL: url, DAYBOOK_TOKEN: secrets.root }
}

function daybook(args: readonly string[], url = app.url): Promise<Ran> {
  return runDaybook(args, { env: reach(url) })
}

/** Runs a command that `daybook` printed, as somebody who pastes it. */
async function paste(command: string): Promise<void> {
  const own = command.replace(/^daybook /, `'${process.execPath}' '${main}' `)
  await promisify(execFile)('bash', ['-c', own], { env: { ...process.env, ...reach(app.url) } })
}

/** Passes everything on to the server, but of an export only so many bytes: then the connection ends, or nothing comes. */
async function startCutter(bytes: number, then: 'end' | 'nothing'): Promise<string> {
  const server = createServer((request, response) => {
    const { method, url, headers } = request
    const passed = send(`${app.url}${url}`, { method, headers, agent: false }, answer => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      if (url?.startsWith('/export/') !== true) return void answer.pipe(response)
      let left = bytes
      answer.on('data', (chunk: Buffer) => {
        response.write(chunk.subarray(0, left), () => left <= 0 && then === 'end' && response.destroy())
        left -= chunk.length
      })
    })
    request.pipe(passed)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${port}`
}

describe.each(['ndjson', 'csv'] as const)('an export to a file, %s', format => {
  const args = () => ['export', 'service-event', project, '--format', format, '--output', path]

  test('has the name of the file once it is whole; what was there stays until then', async () => {
    await writeFile(path, 'before')
    await chmod(path, 0o600)
    const cut = await daybook(args(), await startCutter(5000, 'end'))
    expect(cut).toMatchObject({ code: 1, stdout: '' })
    expect(await readFile(path, 'utf8')).toBe('before')
    const part = await readFile(`${path}.part`, 'utf8')
    expect(whole[format].startsWith(part)).toBe(true)
    expect(part.endsWith('\n')).toBe(true)
    expect(await daybook(args())).toMatchObject({ code: 0, stdout: '' })
    expect(await readFile(path, 'utf8')).toBe(whole[format])
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(folder.path)).toEqual(["an export's file"])
  })

  test('that is cut off prints the command that goes on', async () => {
    const { stderr } = await daybook(args(), await startCutter(5000, 'end'))
    const [, rows, command = '', key] =
      /cut off after (\d+) rows; this goes on:\n {2}(.* --after (\d+))\n$/.exec(stderr) ?? []
    expect(rows).toBe(key)
    expect(command).toContain("'project_id=it is'")
    await paste(command)
    expect(await readFile(path, 'utf8')).toBe(whole[format])
  })

  test('that is stopped by Ctrl-C prints the command that goes on, and exit 1', async () => {
    const relative = [...args(), 'occur_time_from=-1h']
    const running = startRunning(relative, reach(await startCutter(5000, 'nothing')))
    const size = async () => (await stat(`${path}.part`).catch(() => undefined))?.size
    await expect.poll(size, { timeout: 20_000 }).toBeGreaterThan(1000)
    expect(await running.stop()).toBe(1)
    const [, command = ''] = /stopped after \d+ rows; this goes on:\n {2}(.*)\n$/.exec(running.stderr()) ?? []
    // An hour ago is another moment by now.
    expect(command).toMatch(/'\{"occur_time_from":\d+\}'/)
    await paste(command)
    expect(await readFile(path, 'utf8')).toBe(whole[format])
  })

  test('adds what has come since to a file that is whole', async () => {
    const half = 100
    const cut = whole[format].indexOf(format === 'csv' ? `\n${half + 1},` : `\n{"id":${half + 1},`) + 1
    await writeFile(path, whole[format].slice(0, cut))
    expect((await daybook([...args(), '--after', String(half)])).code).toBe(0)
    expect(await readFile(path, 'utf8')).toBe(whole[format])
  })
})

test('--bom begins CSV, and nothing else, with a byte order mark', async () => {
  const args = ['export', 'service-event', '--bom', '--format']
  expect((await daybook([...args, 'csv'])).stdout).toBe(`\ufeff${whole.csv}`)
  expect(await daybook([...args, 'ndjson'])).toMatchObject({ code: 2, stdout: '' })
  await daybook([...args, 'csv', '--output', path], await startCutter(5000, 'end'))
  const part = await readFile(`${path}.part`, 'utf8')
  await daybook([...args, 'csv', '--output', path, '--after', String(part.match(/^\d+,/gm)?.length)])
  expect(await readFile(path, 'utf8')).toBe(`\ufeff${whole.csv}`)
})

test('of the newest few nothing can be gone on with, and it says so', async () => {
  const args = ['export', 'service-event', 'limit=150', '--output', path]
  const { code, stderr } = await daybook(args, await startCutter(5000, 'end'))
  expect(code).toBe(1)
  expect(stderr).toMatch(/begin again\n$/)
})

test('a token that was typed is not printed', async () => {
  const url = await startCutter(5000, 'end')
  const args = ['export', 'service-event', '--url', url, '--token', secrets.root]
  const { stderr } = await daybook(args)
  expect(stderr).toContain(`daybook --url ${url} export service-event --after`)
  expect(stderr).toContain('--token')
  expect(stderr).not.toContain(secrets.root)
})

test('an export that the server refuses leaves nothing, and the file as it was', async () => {
  await writeFile(path, 'before')
  const ran = await daybook(['export', 'service-event', 'limit=ten', '--output', path])
  expect(ran.code).toBe(1)
  expect(await readFile(path, 'utf8')).toBe('before')
  expect(await readdir(folder.path)).toEqual(["an export's file"])
})

test('a link stays a link, and a device is written to', async () => {
  const link = join(folder.path, 'link')
  await writeFile(path, 'before')
  await symlink(path, link)
  expect((await daybook(['export', 'service-event', '--output', link])).code).toBe(0)
  expect(await readlink(link)).toBe(path)
  expect(await readFile(path, 'utf8')).toBe(whole.ndjson)
  expect((await daybook(['export', 'service-event', '--output', '/dev/null'])).code).toBe(0)
})
