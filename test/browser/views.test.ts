import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { secrets } from '../wire/support/app.ts'
import { recordsPlace, totalOf } from './support/records.ts'
import { createToken, openScreen } from './support/session.ts'
import { setStage } from './support/stage.ts'

describe('saved views of the console', () => {
  const stage = setStage()

  it('keep a filter and its columns, are used by others if shared, and deleted by their owner alone', async () => {
    const client = createClient({ url: stage.app.url, token: secrets.root })
    const columns = 'id,js_worker_name'
    const page = await openScreen(stage, recordsPlace('js-result', ['is_failure', { limit: 5 }], { columns }))
    await page.getByRole('button', { name: 'Views' }).click()
    await page.getByRole('button', { name: 'Save this view' }).click()
    await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill('broken runs')
    await page.getByRole('dialog').getByRole('checkbox').check()
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved as broken runs').waitFor()

    const { credential } = await createToken(stage, [
      { scopes: ['global'], permissions: [{ js_result: { read: '*' } }] },
    ])
    const other = await openScreen(stage, recordsPlace('js-result'), { token: credential })
    await other.getByRole('button', { name: 'Views' }).click()
    expect(await other.getByRole('button', { name: 'Delete the view broken runs' }).count()).toBe(0)
    await other.getByRole('button', { name: 'broken runs' }).click()
    await expect
      .poll(() => other.getByRole('grid').getByRole('columnheader').allTextContents())
      .toEqual(['id', 'js_worker_name'])
    await expect.poll(() => totalOf(other)).toBe(await client.count('js-result', ['is_failure']))

    await page.getByRole('button', { name: 'Views' }).click()
    await page.getByRole('button', { name: 'Delete the view broken runs' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete the view' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await client.call('view_list', {})).toEqual({ views: [] })
  })
})
