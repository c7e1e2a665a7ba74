import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { secrets } from '../wire/support/app.ts'
import { recordsPlace, rowsOf } from './support/records.ts'
import { logIn } from './support/session.ts'
import { setStage } from './support/stage.ts'

/** A reverse proxy as docs/console.md shows one: the server is beneath `/daybook/`. Resolves to its address. */
async function startProxy(target: string): Promise<string> {
  const { hostname, port } = new URL(target)
  const forward = ({ method, headers, url = '' }: IncomingMessage) =>
    request({ hostname, port, method, headers, path: url.replace(/^\/daybook/, '') })
  const proxy = createServer((asked, answer) => {
    if (asked.url?.startsWith('/daybook/') !== true) return void answer.writeHead(404).end()
    const sent = forward(asked)
    sent.on('response', given => {
      answer.writeHead(given.statusCode ?? 502, given.headers)
      given.pipe(answer)
    })
    sent.on('error', () => answer.destroy())
    asked.pipe(sent)
  })
  proxy.on('upgrade', (asked, socket) => {
    const sent = forward(asked)
    sent.on('upgrade', (given, server) => {
      const lines = given.rawHeaders.flatMap((name, i, all) =>
        i % 2 === 0 ? [`${name}: ${all[i + 1]}`] : [],
      )
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`)
      server.pipe(socket).pipe(server)
      server.on('error', () => socket.destroy())
      socket.on('error', () => server.destroy())
    })
    sent.on('error', () => socket.destroy())
    sent.end()
  })
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    proxy.closeAllConnections()
    proxy.close()
  })
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
}

describe('the console beneath a path prefix', () => {
  const stage = setStage()

  it('is led to, logs in, lists and follows records, all beneath the prefix', async () => {
    const proxy = await startProxy(stage.app.url)
    const context = await stage.browser.newContext()
    onTestFinished(() => context.close())
    const page = await context.newPage()
    const outside: string[] = []
    page.on('request', asked => {
      if (!asked.url().startsWith(`${proxy}/daybook/`)) outside.push(asked.url())
    })
    const sockets: string[] = []
    page.on('websocket', socket => sockets.push(socket.url()))
    await page.goto(`${proxy}/daybook/`)
    expect(page.url()).toBe(`${proxy}/daybook/console/`)
    await logIn(page, secrets.root)
    const name = 'beneath_the_prefix'
    const place = recordsPlace('js-result', [{ js_worker_name: name }], { live: '1' })
    await page.goto(`${proxy}/daybook/console/#/${place}`)
    await page.getByText('No records fulfil these conditions.').waitFor()
    await page.locator('.live-live').waitFor()
    const client = createClient({ url: stage.app.url, token: secrets.root })
    await client.append('js-result', [{ js_worker_name: name, run_type: 'call', result: 1 }])
    await rowsOf(page).filter({ hasText: name }).waitFor()
    expect(sockets).toEqual([`${proxy.replace('http', 'ws')}/daybook/`])
    expect(outside).toEqual([])
  })
})
