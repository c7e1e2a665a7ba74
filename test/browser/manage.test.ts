import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { secrets } from '../wire/support/app.ts'
import { createToken, openScreen } from './support/session.ts'
import { setStage } from './support/stage.ts'

describe('the screens that manage', () => {
  const stage = setStage()
  const client = () => createClient({ url: stage.app.url, token: secrets.root })

  it('sinks: one is made, paused, resumed and deleted', async () => {
    const page = await openScreen(stage, 'sinks')
    await page.getByRole('button', { name: 'New sink' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name').fill('to a file')
    await dialog.getByLabel(/^Target/).fill('{"file": {"name": "runs.ndjson"}}')
    await dialog.getByLabel(/^Conditions/).fill('{"condition": [')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await dialog.getByText('This is not JSON.').waitFor()
    await dialog.getByLabel(/^Conditions/).fill('{"condition": ["is_failure"]}')
    await dialog.getByRole('button', { name: 'Create' }).click()
    const row = page.getByRole('row', { name: /to a file/ })
    await row.getByText('Running').waitFor()
    await row.getByRole('button', { name: 'Pause' }).click()
    await row.getByText('Paused').waitFor()
    expect((await client().call('sink_status', {})).sinks[0]).toMatchObject({
      name: 'to a file',
      state: 'paused',
    })
    await row.getByRole('button', { name: 'Resume' }).click()
    await row.getByText('Running').waitFor()
    await row.getByRole('button', { name: 'Delete' }).click()
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('There are no sinks.').waitFor()
  })

  it('a list that refreshes itself can be paused', async () => {
    const page = await openScreen(stage, 'sinks')
    const asked = (): Promise<unknown> =>
      page.waitForRequest(request => request.postData()?.includes('sink_status') === true, { timeout: 4000 })
    await asked()
    await page.getByRole('button', { name: 'Pause' }).click()
    // What had been asked before may still come.
    await page.waitForTimeout(300)
    await expect(asked()).rejects.toThrow('Timeout')
    await page.getByRole('button', { name: 'Paused' }).click()
    await asked()
  })

  it('retention: a rule says what it would delete before it is saved', async () => {
    const page = await openScreen(stage, 'retention')
    await page.getByRole('button', { name: 'New rule' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Older than', { exact: true }).fill('12')
    await dialog.getByLabel('Older than: unit').selectOption('hours')
    const { would_delete: wanted } = await client().call('retention_preview', {
      resource: 'js-result',
      query: { condition: [] },
      older_than_ms: 12 * 3_600_000,
    })
    expect(wanted).toBeGreaterThan(40_000)
    await expect.poll(() => dialog.getByRole('status').textContent()).toMatch(/Would delete [\d,]{6} records/)
    await dialog.getByLabel('Older than', { exact: true }).fill('400')
    await dialog.getByLabel('Older than: unit').selectOption('days')
    await dialog.getByText('Would delete 0 records now.').waitFor()
    await dialog.getByRole('button', { name: 'Save' }).click()
    const row = page.getByRole('row', { name: /Script runs/ })
    await row.getByText('400 d').waitFor()
    await row.getByRole('button', { name: 'Delete' }).click()
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('There are no rules').waitFor()
  })

  it('tokens: one is made, explained, rolled and deleted', async () => {
    const page = await openScreen(stage, 'tokens')
    await page.getByRole('button', { name: 'New token' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel(/^User name/).fill('reader')
    await dialog.getByLabel('Password').fill('reads a lot of runs')
    await dialog.getByLabel('Kind of object').selectOption('js_worker')
    await dialog
      .getByLabel(/^Name, or/)
      .first()
      .fill('crawler')
    await dialog.getByRole('button', { name: 'Add', exact: true }).first().click()
    await dialog.getByRole('button', { name: 'Add', exact: true }).last().click()
    await dialog.getByRole('button', { name: 'Create' }).click()
    const made = await dialog.locator('.secret code').textContent()
    const reader = createClient({ url: stage.app.url, token: made ?? '' })
    expect((await reader.tokens.get()).token_limit).toEqual([
      { scopes: [{ js_worker: 'crawler' }], permissions: [{ js_result: { read: '*' } }] },
    ])
    await dialog.getByRole('button', { name: 'I have kept it' }).click()

    const row = page.getByRole('row', { name: /reader/ })
    await row.getByRole('button', { name: 'Explain' }).click()
    await dialog.getByLabel('Kind of object').selectOption('js_worker')
    await dialog
      .getByLabel(/^Name, or/)
      .last()
      .fill('crawler')
    await dialog.getByRole('button', { name: 'Explain' }).click()
    await dialog.getByText('Allowed.', { exact: true }).waitFor()
    await dialog.getByText('It is covered by Limit 1').waitFor()
    await dialog
      .getByLabel(/^Name, or/)
      .last()
      .fill('mailer')
    await dialog.getByRole('button', { name: 'Explain' }).click()
    await dialog.getByText('No limit covers the object.').waitFor()
    await page.keyboard.press('Escape')

    await row.getByRole('button', { name: 'Roll' }).click()
    await dialog.getByRole('button', { name: 'Roll' }).click()
    const rolled = await dialog.locator('.secret code').textContent()
    expect(rolled).not.toBe(made)
    await expect(reader.tokens.get()).rejects.toMatchObject({ code: 102 })
    await dialog.getByRole('button', { name: 'I have kept it' }).click()
    await row.getByRole('button', { name: 'Delete' }).click()
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await row.waitFor({ state: 'detached' })
  })

  it('tokens: a child token that may do less is issued', async () => {
    const limits = [{ scopes: ['global'], permissions: [{ js_result: { read: '*' } }] }]
    const { credential } = await createToken(stage, limits)
    const page = await openScreen(stage, 'tokens', { token: credential })
    expect(await page.getByRole('button', { name: 'New token' }).count()).toBe(0)
    await page.getByRole('button', { name: 'Issue a child token' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Kind of object').selectOption('js_worker')
    await dialog
      .getByLabel(/^Name, or/)
      .first()
      .fill('mailer')
    await dialog.getByRole('button', { name: 'Add', exact: true }).first().click()
    await dialog.getByLabel('Action').selectOption('delete')
    await dialog.getByRole('button', { name: 'Add', exact: true }).last().click()
    await dialog.getByRole('button', { name: 'Issue' }).click()
    await dialog.getByText('permission_denied').waitFor()
    await dialog.getByRole('button', { name: 'Remove js_result delete *' }).click()
    await dialog.getByLabel('Action').selectOption('read')
    await dialog.getByRole('button', { name: 'Add', exact: true }).last().click()
    await dialog.getByRole('button', { name: 'Issue' }).click()
    const jwt = (await dialog.locator('.secret code').textContent()) ?? ''
    const child = createClient({ url: stage.app.url, token: jwt })
    expect(await child.count('js-result', [{ js_worker_name: 'mailer' }])).toBeGreaterThan(0)
    await expect(child.count('js-result', [{ js_worker_name: 'ocr' }])).rejects.toMatchObject({ code: 102 })
  })

  it('monitors: one is made, fires, shows its transitions, and is changed and deleted', async () => {
    const page = await openScreen(stage, 'monitors')
    await page.getByRole('button', { name: 'New monitor' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name').fill('too many failures')
    await dialog.getByLabel('Number of records').fill('100')
    await dialog.getByLabel('Within the last', { exact: true }).fill('12')
    await dialog.getByLabel('Within the last: unit').selectOption('hours')
    await dialog.getByLabel('Count every', { exact: true }).fill('1')
    await dialog.getByRole('button', { name: 'Save' }).click()
    const row = page.getByRole('row', { name: /too many failures/ })
    await row.getByText('at least 100 within 12 h').waitFor()
    await row.getByText('Firing').waitFor()
    await row.getByRole('button', { name: 'History' }).click()
    await dialog.getByText('Firing').waitFor()
    await dialog.getByRole('button', { name: 'Close' }).last().click()
    await row.getByRole('button', { name: 'Change' }).click()
    await dialog.getByLabel('Number of records').fill('90000')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await row.getByText('OK', { exact: true }).waitFor()
    await row.getByRole('button', { name: 'Disable' }).click()
    await row.getByText('Disabled').waitFor()
    await row.getByRole('button', { name: 'Delete' }).click()
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('There are no monitors.').waitFor()
  })

  it('machines: this server is alive', async () => {
    const page = await openScreen(stage, 'machines')
    await page.getByRole('row', { name: /Available/ }).waitFor()
  })

  it('API: a method is found, called and answers; a wrong parameter is named', async () => {
    const page = await openScreen(stage, 'api')
    await page.getByRole('searchbox', { name: 'Find a method' }).fill('js-result count')
    await page.getByRole('link', { name: 'js-result_count' }).click()
    await page.getByLabel(/^query/).fill('{"condition": []}')
    await page.getByRole('button', { name: 'Call' }).click()
    const count = await client().count('js-result', [])
    await page.getByRole('treeitem', { name: `count: ${count}` }).waitFor()
    await page.getByLabel(/^query/).fill('{"condition": [{"limt": 1}]}')
    await page.getByRole('button', { name: 'Call' }).click()
    await page.getByRole('alert').getByText('query.condition[0]').waitFor()
  })
})
