import { expect, test } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { filledFolder, serveDaybook, superToken } from './daybook-process.ts'

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
