import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { secrets } from '../wire/support/app.ts'
import { tabTo } from './support/keyboard.ts'
import { recordsPlace, rowsOf, totalOf } from './support/records.ts'
import { seeded } from './support/seed.ts'
import { openScreen } from './support/session.ts'
import { setStage } from './support/stage.ts'

// No test here touches the pointer.
describe('by the keyboard alone', () => {
  const stage = setStage()
  const client = () => createClient({ url: stage.app.url, token: secrets.root })

  it('one logs in, finds a failed run and reads its error', async () => {
    const page = await stage.open()
    await page.getByRole('button', { name: 'Log in' }).waitFor()
    await page.keyboard.type(secrets.root)
    await page.keyboard.press('Enter')
    await page.getByRole('navigation').first().waitFor()
    await tabTo(page, /^Records$/)
    await page.keyboard.press('Enter')
    await rowsOf(page).first().waitFor()
    await tabTo(page, /^Add condition$/)
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    // Typing chooses in a list.
    await page.keyboard.type('is_fail')
    await page.keyboard.press('Tab')
    await tabTo(page, /^Apply$/)
    await page.keyboard.press('Enter')
    await expect.poll(() => totalOf(page)).toBe(await client().count('js-result', ['is_failure']))
    await tabTo(page, /^Script runs$/)
    await page.keyboard.press('Enter')
    await page.getByRole('complementary').getByText(seeded.brokenError).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('complementary').waitFor({ state: 'detached' })
  })

  it('one deletes what matches', async () => {
    const condition = [{ js_worker_name: 'mailer' }, 'is_failure'] as const
    const count = await client().count('js-result', condition)
    expect(count).toBeGreaterThan(0)
    const page = await openScreen(stage, recordsPlace('js-result', condition))
    await rowsOf(page).first().waitFor()
    await tabTo(page, /^Actions$/)
    await page.keyboard.press('Enter')
    await tabTo(page, /^Delete all that match/)
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').getByRole('textbox').waitFor()
    await page.keyboard.type(String(count))
    await page.keyboard.press('Enter')
    await page.getByText('No records fulfil these conditions.').waitFor()
    expect(await client().count('js-result', condition)).toBe(0)
  })

  it('one replays a run', async () => {
    await client().call('js-worker_create', {
      name: 'greeter',
      js_script_base64: Buffer.from('export default { onCall: () => 1 }').toString('base64'),
    })
    await client().call('event-handler_create', {
      full_name: 'greetings.greet',
      sender: 'greetings',
      target: { kind: 'js_worker', name: 'greeter' },
    })
    await client().call('event_send', { sender: 'greetings', kwargs: {}, wait_ms: 10_000 })
    const condition = [{ full_name: 'greetings.greet' }] as const
    const page = await openScreen(stage, recordsPlace('event-log', condition))
    await rowsOf(page).first().waitFor()
    await tabTo(page, /^Actions$/)
    await page.keyboard.press('Enter')
    await tabTo(page, /^Replay all that match/)
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').getByRole('textbox').waitFor()
    await page.keyboard.type('1')
    await page.keyboard.press('Enter')
    await expect.poll(() => client().count('event-log', condition)).toBe(2)
  })
})
