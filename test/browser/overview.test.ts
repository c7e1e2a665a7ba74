import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { secrets } from '../wire/support/app.ts'
import { cpuSeconds } from './support/measure.ts'
import { totalOf } from './support/records.ts'
import { openScreen } from './support/session.ts'
import { setStage } from './support/stage.ts'

/** While a test runs, a few records grow too old for the span. */
const tolerated = 10

describe('the overview', () => {
  const stage = setStage()

  it('is the first view, for less than 1.5 s of CPU', async ({ annotate }) => {
    const page = await openScreen(stage, '')
    const chart = page.getByRole('main').locator('canvas').first()
    await chart.waitFor()
    const before = await cpuSeconds(stage.browser)
    await page.reload()
    await chart.waitFor()
    const seconds = (await cpuSeconds(stage.browser)) - before
    await annotate(`${seconds.toFixed(2)} s of CPU in all processes of the browser`)
    expect(seconds).toBeLessThan(1.5)
  })

  it('counts what there is, and each number leads to its records', async () => {
    const client = createClient({ url: stage.app.url, token: secrets.root })
    const page = await openScreen(stage, '')
    const runs = page.getByRole('region', { name: 'Script runs' }).first()
    for (const [name, conditions] of [
      ['Failure', ['is_failure']],
      ['Success', ['is_success']],
    ] as const) {
      const link = runs.getByRole('link', { name: new RegExp(`^${name} [\\d,]+$`) }).first()
      const shown = Number((await link.textContent())?.replaceAll(/\D/g, ''))
      const since = { start_time_from: Date.now() - 86_400_000 }
      expect(Math.abs(shown - (await client.count('js-result', [...conditions, since])))).toBeLessThan(
        tolerated,
      )
      await link.click()
      await page.getByRole('grid').waitFor()
      expect(Math.abs(shown - (await totalOf(page)))).toBeLessThan(tolerated)
      await page.goBack()
    }
  })

  it('names what fails most, and shows another span', async () => {
    const page = await openScreen(stage, '')
    const main = page.getByRole('main')
    await main
      .getByRole('link', { name: /^crawler\s?[\d,]+$/ })
      .first()
      .waitFor()
    await main.getByRole('radio', { name: '1 hour' }).check({ force: true })
    await expect.poll(() => page.url()).toContain('since=1h')
    const link = main.getByRole('link', { name: /^crawler\s?[\d,]+$/ }).first()
    await expect.poll(async () => Number((await link.textContent())?.replaceAll(/\D/g, ''))).toBeLessThan(200)
  })
})
