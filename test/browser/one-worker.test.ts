import { describe, expect, it } from 'vitest'
import { seeded } from './support/seed.ts'
import { createToken, openScreen } from './support/session.ts'
import { setStage } from './support/stage.ts'

const own = seeded.worker
/** What would show that something of others has come through. */
const foreign = [
  ...seeded.workers.filter(name => name !== own),
  ...[seeded.chineseWorker, seeded.rightToLeftWorker, seeded.largeWorker, seeded.chainFailure],
  ...['ENGINE_DOWN', 'billing.charge', 'orders.begin', 'align-1', 'predictor', 'SuperTokenSecret'],
]

describe('a token that may read one worker', () => {
  const stage = setStage()

  it('gets nothing of others on any screen, in any answer or in any message', async () => {
    const limits = [{ scopes: [{ js_worker: own }], permissions: [{ js_result: { read: own } }] }]
    const { credential } = await createToken(stage, limits)
    const page = await openScreen(stage, 'records/js-result', { token: credential })
    const received: string[] = []
    const reading: Promise<unknown>[] = []
    page.on('response', response => {
      reading.push(
        response.text().then(
          body => received.push(body),
          () => undefined,
        ),
      )
    })
    page.on('websocket', socket =>
      socket.on('framereceived', ({ payload }) => received.push(String(payload))),
    )
    const links: readonly string[] = await page
      .getByRole('navigation')
      .getByRole('link')
      .evaluateAll(found => found.map(link => String(link.getAttribute('href'))))
    const further = ['event-log', 'service-event', 'execution-event', 'change-event', 'audit-log']
    const places = [
      ...links,
      '#/records/js-result?live=1',
      ...further.map(name => `#/records/${name}`),
      '#/records/js-result?record=100001',
      `#/chain/${seeded.chain}`,
    ]
    const shown: string[] = []
    for (const place of places) {
      await page.goto(`${stage.app.url}/console/${place}`)
      await page.waitForTimeout(600)
      shown.push(`${place}\n${await page.getByRole('main').innerText()}`)
    }
    // Somebody else's by name; what the page shows of the question is the user's own.
    await page.goto(`${stage.app.url}/console/#/records/js-result?condition=[{"js_worker_name":"ocr"}]`)
    await page
      .getByRole('main')
      .getByText('permission_denied')
      .or(page.getByText('not for this token'))
      .first()
      .waitFor()
    await Promise.all(reading)
    expect(shown.join('\n')).toContain(own)
    expect(received.filter(text => text.includes('"jsonrpc"')).length).toBeGreaterThan(places.length)
    const leaks = [...shown, ...received].flatMap(text =>
      foreign.filter(name => text.includes(name)).map(name => `${name}: ${text.slice(0, 300)}`),
    )
    expect(leaks).toEqual([])
  })
})
