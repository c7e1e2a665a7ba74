import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ScriptedServer, startScriptedServer } from '../client/scripted-server.ts'
import { type Ran, runDaybook } from './daybook.ts'

let server: ScriptedServer
let error: object

beforeAll(async () => {
  server = await startScriptedServer(() => ({ body: JSON.stringify({ jsonrpc: '2.0', id: 1, error }) }))
})

afterAll(() => server.close())

/** What a command does when the server refuses it so. */
function refused(code: number, message: string, data: object): Promise<Ran> {
  error = { code, message, data }
  const env = { DAYBOOK_URL: server.url, DAYBOOK_TOKEN: 'k:s' }
  return runDaybook(['token', 'list'], { env })
}

test.each(['path: unknown member', 'path: unknown member (did you mean dry_run?)'])(
  'what the server takes a word for is told once: %s',
  async message => {
    const data = { reason: 'unknown_member', path: 'path', did_you_mean: 'dry_run' }
    const { code, stdout, stderr } = await refused(-32602, message, data)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr.match(/did you mean dry_run\?/g)).toHaveLength(1)
  },
)

test('a condition that only the server knows to be none is wrong usage', async () => {
  const data = { reason: 'unknown_condition', path: 'query.condition[0]' }
  expect((await refused(-32602, 'query.condition[0]: unknown condition', data)).code).toBe(2)
})

test('our own fault names the line of the server’s log', async () => {
  const { code, stderr } = await refused(-32603, 'Internal error', {
    reason: 'internal_error',
    correlation_id: 'abc-1',
  })
  expect(code).toBe(1)
  expect(stderr).toContain('abc-1')
})
