import type { Browser } from 'playwright-core'

/** Seconds of CPU that all processes of a browser have used since it started. */
export async function cpuSeconds(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession()
  try {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0)
  } finally {
    await session.detach()
  }
}

/** Frames a second that the browser has shown while `act` ran, by its own trace. */
export async function framesPerSecond(browser: Browser, act: () => Promise<void>): Promise<number> {
  const session = await browser.newBrowserCDPSession()
  let frames = 0
  session.on('Tracing.dataCollected', ({ value }) => {
    frames += value.filter(event => Reflect.get(event, 'name') === shownFrame).length
  })
  const complete = new Promise(resolve => session.once('Tracing.tracingComplete', resolve))
  try {
    await session.send('Tracing.start', {
      transferMode: 'ReportEvents',
      traceConfig: { includedCategories: ['devtools.timeline'] },
    })
    const started = performance.now()
    await act()
    const seconds = (performance.now() - started) / 1000
    await session.send('Tracing.end')
    await complete
    return frames / seconds
  } finally {
    await session.detach()
  }
}

/** One for each frame that the page itself has drawn and the screen has shown. */
const shownFrame = 'AnimationFrame::Presentation'
