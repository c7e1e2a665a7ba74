import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, createClient } from '../../../src/client/client.ts'
import type { Engine } from '../../../src/database/database.ts'
import { type Gateway, openGateway } from '../../client/gateway.ts'
import { engines } from '../../support/databases.ts'
import { secrets, startOn, type TestApp } from '../../wire/support/app.ts'
import { createTestData, type TestData } from '../../wire/support/data.ts'
import { runDaybook, runOnTerminal } from '../daybook.ts'
import { type Running, startRunning } from '../running.ts'

const soon = { interval: 20, timeout: 15_000 }

describe('daybook tail', () => {
  let data: TestData
  let server: TestApp
  let gateway: Gateway
  let client: Client

  beforeAll(async () => {
    data = await createTestData(engines[0] as Engine)
    server = await startOn(data)
    gateway = await openGateway(server.url)
    client = createClient({ url: server.url, token: secrets.root })
  }, 60_000)
  afterAll(async () => {
    await gateway.close()
    await server.close()
    await data.remove()
  })

  function env(url = server.url): Record<string, string> {
    return { DAYBOOK_URL: url, DAYBOOK_TOKEN: secrets.root }
  }

  /** Resolves when it follows: what is written from now on is shown. */
  async function tail(args: readonly string[], url?: string): Promise<Running> {
    const running = startRunning(['tail', ...args], env(url))
    await expect.poll(running.stderr, soon).toMatch(/following \S+ behind \S+\n/)
    return running
  }

  function linesOf({ stdout }: Running): readonly Record<string, unknown>[] {
    return stdout()
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line))
  }

  test('shows what fulfils the conditions as it happens, and ends well with Ctrl-C', async () => {
    const running = await tail(['event-log', 'full_name_like=events.*', 'is_failure'])
    const [, wanted] = await client.append('event-log', [
      { full_name: 'other.a', sender: 's', error_message: 'no' },
      { full_name: 'events.a', sender: 's', error_message: 'no' },
      { full_name: 'events.b', sender: 's', result: 1 },
    ])
    const [open = 0] = await client.append('event-log', [{ full_name: 'events.c', sender: 's' }])
    await expect.poll(() => linesOf(running), soon).toHaveLength(1)
    // Each change shows the row as it is when it is sent: this one must have been looked at while it was open.
    await client.append('event-log', [{ full_name: 'events.d', sender: 's', error_message: 'no' }])
    await expect.poll(() => linesOf(running), soon).toHaveLength(2)
    await client.finish('event-log', open, { error_message: 'late \u001b[2J' })
    await expect.poll(() => linesOf(running), soon).toHaveLength(3)
    const rows = await client.query('event-log', [{ full_name_like: 'events.*' }, 'is_failure'])
    const [between, late, first] = rows
    const cursor = expect.stringMatching(/^\d+$/)
    expect(linesOf(running)).toEqual([
      { cursor, ...first },
      { cursor, ...between },
      { cursor, ...late },
    ])
    expect([first?.id, late?.id]).toEqual([wanted, open])
    expect(running.stdout()).not.toContain('\u001b')
    const last = linesOf(running).at(-1)?.cursor
    expect(await running.stop()).toBe(0)
    expect(running.stderr()).toContain(`--after ${last} goes on`)
  })

  test('goes on behind a number, also after the network was away, and ends well with SIGTERM', async () => {
    const names = ['a', 'b', 'c', 'd'].map(name => `resumed_${name}`)
    const append = (name: string) => client.append('js-result', [{ js_worker_name: name }])
    for (const name of names.slice(0, 2)) await append(name)
    const running = await tail(['js-result', '--after', '1'], gateway.url)
    const seen = () => linesOf(running).map(row => [Number(row.cursor), row.js_worker_name])
    await expect.poll(seen, soon).toEqual([[2, 'resumed_b']])
    gateway.cut()
    await append(names[2] ?? '')
    await expect.poll(running.stderr, soon).toContain('trying again: ')
    gateway.mend(server.url)
    await append(names[3] ?? '')
    await expect.poll(seen, soon).toEqual([2, 3, 4].map(number => [number, names[number - 1]]))
    expect(await running.stop('SIGTERM')).toBe(0)
  })

  test('on a terminal it shows a line each, without what says nothing and what could drive it', async () => {
    const running = await tail(['service-event'])
    const project_id = 'x'.repeat(100)
    const row = {
      project_id,
      service_id: 's-1',
      service_name: 'n',
      event_info: 'up\n\u001b[2J',
      occur_time: 0,
    }
    await client.append('service-event', [row])
    await expect.poll(() => linesOf(running), soon).toHaveLength(1)
    await running.stop()
    const typing = { after: 'occur_time', text: '\u0003' }
    const { stdout } = await runOnTerminal(['tail', 'service-event', '--after', '0', '--utc'], {
      env: env(),
      typing,
    })
    const [line = ''] = stdout.split('\r\n').filter(each => each.startsWith('#'))
    expect(line).toBe(
      `#1  id=1  project_id=${'x'.repeat(59)}…  service_id=s-1  service_name=n  event_type=normal  ` +
        'event_info=up\\n\\u001b[2J  occur_time=1970-01-01 00:00:00.000Z',
    )
    expect(stdout).toContain('--after 1 goes on')
  })

  test('ends well when nobody reads it any more', async () => {
    const running = await tail(['execution-event'])
    running.closeStdout()
    const row = { execution_id: 'e', name: 'n', namespace: 'd', reason: 'r', message: 'm' }
    const writing = setInterval(() => void client.append('execution-event', [row]), 50)
    expect(await running.ended).toBe(0)
    clearInterval(writing)
  })

  test.each([
    [['nope'], 2, 'no resource "nope"'],
    [['js-result', '--after', 'x'], 1, 'bad_cursor'],
    [['js-result', '--format', 'xml'], 2, 'xml'],
    [['js-result', 'limit=10'], 1, 'condition[0]'],
    [['js-result', '--after', '999999'], 1, 'sequence_ahead'],
    [['js-result', '--format', 'envelope'], 1, 'format'],
  ])('fails for %s', async (args, code, said) => {
    const ran = await runDaybook(['tail', ...args], { env: env() })
    expect(ran).toMatchObject({ code, stdout: '' })
    expect(ran.stderr).toContain(said)
  })
})
