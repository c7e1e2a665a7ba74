import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { secrets } from '../wire/support/app.ts'
import { openScreen } from './support/session.ts'
import { setStage } from './support/stage.ts'

const greeter = `export default {
  async onCall(params) {
    console.log('greets', params.name)
    return { greeting: 'Hello, ' + params.name }
  },
  async onEvent() {
    return 'taken'
  },
}
`

describe('the screens that run', () => {
  const stage = setStage()
  const client = () => createClient({ url: stage.app.url, token: secrets.root })

  it('scripts: a fault of the source is shown at its line, and a run shows its console lines and its result', async () => {
    // Where a whole text is replaced, the browser itself would give the new one the colours of the old one.
    const page = await openScreen(stage, 'scripts', { expected: [/^console: Applying inline style/] })
    await page.getByRole('button', { name: 'New script' }).click()
    await page.getByRole('dialog').getByLabel('name', { exact: true }).fill('greeter')
    await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click()
    const source = page.getByRole('textbox', { name: 'Source' })
    await source.fill('export default {\n  async onCall(params {\n}\n')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.locator('.cm-lint-marker-error, .cm-lintRange-error').first().waitFor()
    await source.fill(greeter)
    await page.getByRole('region', { name: 'Run' }).getByRole('textbox').fill('{"name": "Ada"}')
    await page.getByRole('button', { name: 'Save and run' }).click()
    await page.getByText('greets Ada').waitFor()
    await page.getByRole('tree', { name: 'Result' }).getByText('Hello, Ada').waitFor()
    expect(await client().count('js-result', [{ js_worker_name: 'greeter' }, 'is_success'])).toBe(1)
  })

  it('handlers: one is made, takes an event that is sent, is disabled and deleted', async () => {
    const js = Buffer.from(greeter).toString('base64')
    await client().call('js-worker_create', { name: 'taker', js_script_base64: js })
    const page = await openScreen(stage, 'handlers')
    await page.getByRole('button', { name: 'New handler' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name', { exact: true }).fill('tests.take')
    await dialog.getByLabel('Senders').fill('tests')
    await dialog.getByRole('combobox', { name: 'Script' }).fill('taker')
    await dialog.getByRole('button', { name: 'Create' }).click()
    const row = page.getByRole('row', { name: /tests\.take/ })
    await row.getByText('Enabled').waitFor()
    await page.getByRole('button', { name: 'Send an event' }).first().click()
    await dialog.getByLabel('Sender', { exact: true }).fill('tests')
    await dialog.getByRole('button', { name: 'Send', exact: true }).click()
    await page.getByRole('heading', { name: /^Chain / }).waitFor()
    await page.getByRole('treegrid').getByText('tests.take').waitFor()
    await page.getByRole('treegrid').getByText('Success').waitFor()
    await page.goBack()
    await row.getByRole('button', { name: 'Disable' }).click()
    await row.getByText('Disabled').waitFor()
    await row.getByRole('button', { name: 'Delete' }).click()
    await dialog.getByRole('textbox').fill('tests.take')
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await row.waitFor({ state: 'detached' })
  })
})
