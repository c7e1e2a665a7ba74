import type { Page } from 'playwright-core'

const focused = `(() => {
  const element = document.activeElement
  const label = element?.getAttribute('aria-label') ?? element?.labels?.[0]?.textContent ?? element?.textContent
  return (label ?? '').trim()
})()`

/** Presses Tab until the focus is on what is called like this. */
export async function tabTo(page: Page, name: RegExp, most = 80): Promise<void> {
  const seen: string[] = []
  for (let pressed = 0; pressed < most; pressed++) {
    await page.keyboard.press('Tab')
    const label: string = await page.evaluate(focused)
    if (name.test(label)) return
    seen.push(label.slice(0, 30))
  }
  throw new Error(`Tab does not come to ${name}: ${seen.join(' | ')}`)
}
