import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { seriousFindings } from './support/accessibility.ts'
import { seeded } from './support/seed.ts'
import { openScreen } from './support/session.ts'
import { setStage } from './support/stage.ts'

/** Beside those that the navigation lists. */
const further = [`chain/${seeded.chain}`, 'records/event-log', 'records/service-event', 'api/sink_create']

describe.each(['light', 'dark'] as const)('axe-core, %s', colorScheme => {
  const stage = setStage()

  it('finds nothing serious on any screen, nor in the dialogs that its buttons open', async () => {
    const page = await openScreen(stage, 'sinks', { colorScheme })
    const found: string[] = []
    for (const place of await placesOf(page)) {
      await page.goto(`${stage.app.url}/console/${place}`)
      await page.waitForTimeout(700)
      found.push(...(await seriousFindings(page)).map(finding => `${place} ${finding}`))
      const creating = page.getByRole('main').getByRole('button', { name: /^New / })
      if ((await creating.count()) === 0) continue
      await creating.click()
      await page.getByRole('dialog').waitFor()
      found.push(...(await seriousFindings(page)).map(finding => `${place} dialog: ${finding}`))
      await page.keyboard.press('Escape')
    }
    expect(found).toEqual([])
  })

  it('finds nothing serious on the login', async () => {
    const page = await stage.open(undefined, { colorScheme })
    await page.getByRole('button', { name: 'Log in' }).waitFor()
    expect(await seriousFindings(page)).toEqual([])
  })
})

describe('a telephone of 320 pixels', () => {
  const stage = setStage()

  it('needs no scrolling sideways on any screen', async () => {
    const page = await openScreen(stage, 'sinks')
    const places = await placesOf(page)
    await page.setViewportSize({ width: 320, height: 640 })
    const wide: string[] = []
    for (const place of places) {
      await page.goto(`${stage.app.url}/console/${place}`)
      await page.waitForTimeout(500)
      const width = await page.getByRole('main').evaluate(main => main.scrollWidth)
      if (width > 320) wide.push(`${place}: ${width}`)
    }
    expect(wide).toEqual([])
  })
})

async function placesOf(page: Page): Promise<readonly string[]> {
  const links: readonly string[] = await page
    .getByRole('navigation')
    .getByRole('link')
    .evaluateAll(found => found.map(link => String(link.getAttribute('href'))))
  expect(links.length).toBeGreaterThan(5)
  return [...links, ...further.map(path => `#/${path}`)]
}
