import { describe, expect, test } from 'vitest'
import type { Wire } from '../../wire/support/wire.ts'
import { askRest } from '../rest/ask.ts'
import { executionPath, gcsError, least } from './path.ts'

/** The server's part of errors is looked at for ModelArts; here is that these come in this shape as well. */
export function describeExecutionErrors(wire: Wire): void {
  describe('an error', () => {
    const path = executionPath('e')
    const text = expect.any(String)

    test.each(['limit=1', 'offset=0', 'token=x', 'execution_id=e'])(
      'is a 400 for the query %s',
      async query => {
        const { status, json } = await askRest(wire, `${path}?${query}`)
        expect([status, json]).toEqual([400, gcsError('0001', text)])
      },
    )

    test.each(['%00', '%FF', '', 'x'.repeat(129), 'a*'])('is a 400 for the execution %s', async name => {
      for (const body of [undefined, least]) {
        const { status, json } = await askRest(wire, `/v1/executions/${name}/events`, { body })
        expect([status, json]).toEqual([400, gcsError('0001', text)])
      }
    })

    test('is a 404 in the shape of its surface for a path that there is not', async () => {
      for (const there of [
        '/v1/executions',
        '/v1/executions/e',
        '/v1/executions/e/logs?a=b',
        '/v1/executions/%FF',
      ]) {
        const { status, json } = await askRest(wire, there)
        expect([status, json], there).toEqual([404, gcsError('0004', 'no such path')])
      }
    })

    test('has the shape of its surface whatever its status', async () => {
      const nothing = await wire.token([])
      for (const [asked, status, number] of [
        [{ body: '{' }, 400, '0001'],
        [{ token: null }, 401, '0002'],
        [{ token: null, body: least }, 401, '0002'],
        [{ token: nothing }, 403, '0003'],
        [{ token: nothing, body: least }, 403, '0003'],
        [{ method: 'DELETE' }, 405, '0005'],
        [{ body: 'x'.repeat(1_100_000) }, 413, '0006'],
        [{ body: least, headers: { 'content-type': 'text/json' } }, 415, '0007'],
      ] as const) {
        const answer = await askRest(wire, path, asked)
        expect([answer.status, answer.json]).toEqual([status, gcsError(number, text)])
      }
    })
  })
}
