import { Writable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/async/clock.ts'
import { createProgram } from '../../src/cli/program.ts'
import { createClient } from '../../src/client/client.ts'
import { secrets, startTestApp } from '../wire/support/app.ts'
import { day } from './rule-runs.ts'

/** What a command prints on stdout, as rows; without a terminal. */
async function daybook(url: string, ...args: readonly string[]): Promise<readonly object[]> {
  let text = ''
  const stream = (onText: (chunk: string) => void) =>
    new Writable({
      write(chunk, _encoding, done) {
        onText(String(chunk))
        done()
      },
    }) as unknown as NodeJS.WriteStream
  const stdout = stream(chunk => {
    text += chunk
  })
  const stderr = stream(() => undefined)
  const env = { DAYBOOK_URL: url, DAYBOOK_TOKEN: secrets.root }
  const { stdin } = process
  const program = await createProgram({ env, stdin, stdout, stderr, clock: systemClock })
  await program.parseAsync(['retention', ...args], { from: 'user' })
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as object)
}

test('daybook retention sets, previews, lists and deletes rules', async () => {
  const app = await startTestApp('postgres')
  onTestFinished(app.close)
  const client = createClient({ url: app.url, token: secrets.root })
  const ran = { js_worker_name: 'old', start_time: Date.now() - 2 * day, result: 1 }
  await client.append('js-result', [ran, { ...ran, start_time: Date.now() }, { ...ran, js_worker_name: 'b' }])

  const old = ['js-result', 'js_worker_name=old', 'is_success', '--older-than']
  expect(await daybook(app.url, 'preview', ...old, '36h')).toEqual([
    { would_delete: 1, oldest: ran.start_time },
  ])
  expect(await daybook(app.url, 'preview', 'js-result', '--older-than', '1d')).toMatchObject([
    { would_delete: 2 },
  ])
  const [set] = await daybook(app.url, 'set', ...old, '30d')
  const condition = [{ js_worker_name: 'old' }, 'is_success']
  expect(await daybook(app.url, 'list')).toMatchObject([
    { ...set, resource: 'js-result', query: { condition }, older_than_ms: 30 * day, deleted: 0 },
  ])
  expect(await daybook(app.url, 'set', ...old, '12h')).toEqual([set])
  const [rule] = await daybook(app.url, 'list')
  expect(rule).toMatchObject({ older_than_ms: day / 2 })

  await expect(daybook(app.url, 'set', ...old, '30s')).rejects.toMatchObject({ path: 'older_than_ms' })
  await expect(daybook(app.url, 'set', ...old, 'soon')).rejects.toThrow(/--older-than/)
  await expect(daybook(app.url, 'set', 'js-result')).rejects.toThrow(/--older-than/)
  await expect(daybook(app.url, 'set', 'js-result', 'last', '--older-than', '1d')).rejects.toMatchObject({
    path: 'query.condition[0]',
  })
  const { id } = rule as { id: number }
  await expect(daybook(app.url, 'delete', String(id + 1))).rejects.toMatchObject({ reason: 'rule_not_found' })
  expect(await daybook(app.url, 'delete', String(id))).toEqual([{ success: true }])
  expect(await daybook(app.url, 'list')).toEqual([])
})
