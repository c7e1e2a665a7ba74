import { describe, expect, it } from 'vitest'
import { seriousFindings } from './support/accessibility.ts'
import { watchFaults } from './support/faults.ts'
import { framesPerSecond } from './support/measure.ts'
import { setStage } from './support/stage.ts'

// A check that finds nothing proves nothing unless it finds what is there.
describe('what the tests in a browser look at', () => {
  const stage = setStage()

  it('are errors, broken policies and requests to other hosts', async () => {
    const context = await stage.browser.newContext()
    const faults = watchFaults(context, new URL(stage.app.url).origin)
    const page = await context.newPage()
    await page.goto(`${stage.app.url}/openrpc.json`)
    expect(faults().filter(fault => !fault.includes('404'))).toEqual([])
    await page.evaluate('setTimeout(() => { throw new Error("thrown by the page") })')
    await page.evaluate(`fetch('http://daybook.invalid/').catch(() => undefined)`)
    await page.evaluate(`new WebSocket('ws://daybook.invalid/').onerror = () => undefined`)
    await page.setContent(`
      <meta http-equiv="content-security-policy" content="script-src 'none'"><script>forbidden()</script>`)
    await expect.poll(() => faults().join('\n')).toMatch(/error: Error: thrown by the page/)
    await expect.poll(() => faults()).toContain('another host: http://daybook.invalid/')
    await expect.poll(() => faults().join('\n')).toMatch(/console: .*Content Security Policy/i)
    await context.close()
  })

  it('are elements without a name, and text that is hard to read', async () => {
    const page = await stage.open('/openrpc.json', { expected: [/404/] })
    await page.setContent(
      '<html lang=en><title>x</title><main><button></button><p style="color:#999">grey</p></main>',
    )
    expect(await seriousFindings(page)).toEqual(['button-name: button', 'color-contrast: p'])
  })

  it('are frames that were shown, and not those that a busy page has missed', async () => {
    const page = await stage.open('/openrpc.json', { expected: [/404/] })
    const busy = (ms: number): string => `
      (async () => {
        for (let n = 0; n < 20; n++) {
          document.body.style.paddingTop = n + 'px'
          for (const end = performance.now() + ${ms}; performance.now() < end; );
          await new Promise(requestAnimationFrame)
        }
      })()`
    const smooth = await framesPerSecond(stage.browser, () => page.evaluate(busy(1)))
    const stalling = await framesPerSecond(stage.browser, () => page.evaluate(busy(100)))
    expect(smooth).toBeGreaterThan(30)
    expect(stalling).toBeLessThan(15)
  })
})
