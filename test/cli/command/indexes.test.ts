import { afterAll, beforeAll, expect, test } from 'vitest'
import { secrets, startTestApp, type TestApp } from '../../wire/support/app.ts'
import { runDaybook } from '../daybook.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp('postgres')
})
afterAll(() => app.close())

const daybook = (...args: string[]) =>
  runDaybook(args, { env: { DAYBOOK_URL: app.url, DAYBOOK_TOKEN: secrets.root } })

function linesOf(text: string): readonly Record<string, unknown>[] {
  return text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
}

test('an index is added, listed with what it takes, and removed', async () => {
  const added = await daybook('index', 'add', 'js-result', 'run_type')
  expect({ code: added.code, lines: linesOf(added.stdout) }).toEqual({ code: 0, lines: [{ state: 'ready' }] })
  const listed = linesOf((await daybook('index', 'list')).stdout)
  expect(listed).toContainEqual({
    resource: 'js-result',
    name: 'js_result_added_run_type',
    field: 'run_type',
    state: 'ready',
    definition: expect.stringContaining('run_type'),
    bytes: expect.any(Number),
    scans: 0,
  })
  expect((await daybook('index', 'remove', 'js-result', 'run_type')).code).toBe(0)
  const after = linesOf((await daybook('index', 'list')).stdout)
  expect(after.length).toBe(listed.length - 1)
  expect(after.every(index => index.field === null)).toBe(true)
})

test('of a field that there is not none is added: the reason, and exit 1', async () => {
  const ran = await daybook('index', 'add', 'js-result', 'nothing')
  expect(ran.code).toBe(1)
  expect(ran.stderr).toContain('unknown_field')
})
