import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { secrets } from '../wire/support/app.ts'
import { framesPerSecond } from './support/measure.ts'
import { seeded } from './support/seed.ts'
import { openScreen } from './support/session.ts'
import { setStage } from './support/stage.ts'

describe('the chain screen', () => {
  const stage = setStage()

  it('shows ten thousand nodes without freezing, and leads to the first failure', async () => {
    const page = await openScreen(stage, `chain/${seeded.chain}`)
    await page.evaluate(`
      window.longest = 0
      new PerformanceObserver(list => {
        for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration)
      }).observe({ type: 'longtask', buffered: true })`)
    await page.getByText('10,000 records').first().waitFor()
    await page.getByRole('button', { name: 'First failure' }).click()
    const failed = page.getByRole('main').getByText(seeded.chainFailure)
    await failed.first().waitFor()
    await failed.first().click()
    await page.getByRole('complementary').getByText('DECLINED: the card was declined').waitFor()
    expect(await page.evaluate('document.querySelectorAll("*").length')).toBeLessThan(3000)
    expect(await page.evaluate('window.longest')).toBeLessThan(1500)
  })

  it('scrolls through them at more than 30 frames a second', async ({ annotate }) => {
    const page = await openScreen(stage, `chain/${seeded.chain}`)
    await page.getByText('10,000 records').first().waitFor()
    await page.getByText('orders.begin').first().hover()
    const frames = await framesPerSecond(stage.browser, async () => {
      for (const end = performance.now() + 2000; performance.now() < end; ) await page.mouse.wheel(0, 400)
    })
    await annotate(`${frames.toFixed(1)} frames a second`)
    expect(frames).toBeGreaterThan(30)
  })

  it('follows a chain while it runs', async () => {
    const client = createClient({ url: stage.app.url, token: secrets.root })
    const record = { full_name: 'steps.first', sender: 'steps', request_id: 'running-chain', node_id: 'a' }
    const now = Date.now()
    await client.append('event-log', [{ ...record, created_time: now, start_time: now, status: 'running' }])
    const page = await openScreen(stage, 'chain/running-chain')
    await page.getByText('steps.first').first().waitFor()
    await page.getByRole('button', { name: 'Live' }).waitFor()
    const next = { full_name: 'steps.second', node_id: 'b', parent_node_id: 'a', status: 'running' as const }
    await client.append('event-log', [{ ...record, ...next, created_time: now + 10, start_time: now + 10 }])
    await page.getByText('steps.second').first().waitFor()
  })
})
