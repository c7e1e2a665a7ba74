import { afterAll, beforeAll, expect, test } from 'vitest'
import { secrets, startTestApp, type TestApp } from '../../wire/support/app.ts'
import { runDaybook } from '../daybook.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp('postgres')
})
afterAll(() => app.close())

const env = () => ({ DAYBOOK_URL: app.url, DAYBOOK_TOKEN: secrets.root })
const monitors = (...args: readonly string[]) => runDaybook(['monitors', ...args], { env: env() })

/** The records of a command that must succeed. */
async function done(...args: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  const ran = await monitors(...args)
  expect(ran.code, ran.stderr).toBe(0)
  const lines = ran.stdout.split('\n').filter(line => line !== '')
  return lines.map(line => JSON.parse(line))
}

const needed = ['--window', '5m', '--every', '30s', '--sender', 'ops']

test('a monitor is added, shown, changed and removed', async () => {
  const conditions = ['js_worker_name=w', 'is_failure']
  const options = [...needed, '--at-least', '3', '--for', '1m', '--kwargs', '{"page":"Ann"}', '--disabled']
  const [added] = await done('add', 'failing', 'js-result', ...conditions, ...options)
  const said = {
    name: 'failing',
    resource: 'js-result',
    query: { condition: [{ js_worker_name: 'w' }, 'is_failure'] },
    window_ms: 300_000,
    every_ms: 30_000,
    when: { at_least: 3 },
    for_ms: 60_000,
    event: { sender: 'ops', event_type: 'events.NormalType', kwargs: { page: 'Ann' } },
    enabled: false,
    state: 'unknown',
  }
  expect(added).toMatchObject(said)
  expect(await done('show', 'failing')).toEqual([added])
  expect(await done('list')).toEqual([added])
  expect(await done('status')).toMatchObject([{ name: 'failing', state: 'unknown', transitions: [] }])
  expect(await done('status', 'failing')).toHaveLength(1)
  const changes = ['--every', '1s', '--at-most', '0', '--event-type', 'x', '--conditions', '["is_running"]']
  const [changed] = await done('update', 'failing', ...changes)
  expect(changed).toMatchObject({
    ...said,
    every_ms: 1000,
    when: { at_most: 0 },
    event: { ...said.event, event_type: 'x' },
    query: { condition: ['is_running'] },
  })
  expect(await done('rm', 'failing', '--yes')).toEqual([{ success: true }])
  expect(await monitors('show', 'failing')).toMatchObject({ code: 1 })
  const none = await runDaybook(['monitors', 'list'], { env: env(), columns: 120 })
  expect(none.stderr + none.stdout).toContain('no monitors')
})

test.each([
  ['no threshold', ['add', 'a', 'js-result', ...needed]],
  ['two thresholds', ['add', 'a', 'js-result', ...needed, '--at-least', '1', '--at-most', '1']],
  ['no window', ['add', 'a', 'js-result', '--at-least', '1', '--every', '1s', '--sender', 'ops']],
  ['a resource that there is not', ['add', 'a', 'nothing', ...needed, '--at-least', '1']],
  ['a change of nothing', ['update', 'a']],
])('%s is wrong usage', async (_what, args) => {
  expect(await monitors(...args)).toMatchObject({ code: 2, stdout: '' })
})
