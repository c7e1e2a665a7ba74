import { afterAll, beforeAll, expect, test } from 'vitest'
import { secrets, startTestApp, type TestApp } from '../../wire/support/app.ts'
import { runDaybook } from '../daybook.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp('postgres')
})
afterAll(() => app.close())

test('daybook machines shows the servers that are alive', async () => {
  const env = { DAYBOOK_URL: app.url, DAYBOOK_TOKEN: secrets.root }
  const { code, stdout } = await runDaybook(['machines'], { env })
  expect({ code, machine: JSON.parse(stdout) }).toEqual({
    code: 0,
    machine: expect.objectContaining({ kind: 'server', status: 'Available', is_unresponsive: false }),
  })
})
