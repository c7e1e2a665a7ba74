import { describe, expect, it, onTestFinished } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { freePort } from '../support/postgres-server.ts'
import { secrets, startOn } from '../wire/support/app.ts'
import { firstCells, recordsPlace, rowsOf } from './support/records.ts'
import { seeded } from './support/seed.ts'
import { createToken, openScreen } from './support/session.ts'
import { copySeeded, setStage } from './support/stage.ts'
import { startWriter } from './support/writer.ts'

const live = { live: '1', columns: 'id,js_worker_name' }

describe('the live tail', () => {
  const stage = setStage()

  it('shows what a program writes, can be paused, and catches up', async () => {
    const writer = startWriter(stage.app.url)
    onTestFinished(writer.stop)
    const page = await openScreen(stage, recordsPlace('js-result', [], live))
    await expect.poll(() => newest(page)).toBeGreaterThan(seeded.jsResults)
    const before = await newest(page)
    await expect.poll(() => newest(page)).toBeGreaterThan(before)
    await page.getByRole('button', { name: 'Pause' }).click()
    const held = await firstCells(page)
    await page.getByRole('button', { name: /Go on \((?!0 )/ }).waitFor()
    expect(await firstCells(page)).toEqual(held)
    await page.getByRole('button', { name: /Go on/ }).click()
    await writer.stop()
    await expect.poll(() => newest(page)).toBe(writer.ids.at(-1))
    const shown = (await firstCells(page)).map(Number)
    expect(shown.slice(0, 10)).toEqual(writer.ids.slice(-10).reverse())
  })

  it('goes on after the server was gone, without loss and without doubles', async () => {
    const data = await copySeeded()
    const env = { PORT: String(await freePort()) }
    let app = await startOn(data, env)
    onTestFinished(async () => {
      await app.close()
      await data.remove()
    })
    const expected = [/WebSocket/, /ERR_CONNECTION/]
    const place = recordsPlace('js-result', [{ js_worker_name: 'probe' }], live)
    const page = await openScreen(stage, place, { expected, url: app.url })
    const ids: number[] = []
    const write = async (count: number): Promise<void> => {
      const client = createClient({ url: app.url, token: secrets.root })
      const rows = Array.from({ length: count }, () => ({
        js_worker_name: 'probe',
        run_type: 'call',
        result: 1,
      }))
      ids.push(...(await client.append('js-result', rows)))
    }
    await page.locator('.live-live').waitFor()
    await write(3)
    await expect.poll(() => rowsOf(page).count()).toBe(3)
    await app.close()
    await page.getByText('Connection lost', { exact: false }).first().waitFor()
    // By another server: the page cannot be back before it is written.
    app = await startOn(data)
    await write(4)
    await app.close()
    app = await startOn(data, env)
    await expect.poll(() => rowsOf(page).count(), { timeout: 30_000 }).toBe(7)
    await page.locator('.live-live').waitFor()
    await write(2)
    await expect.poll(() => rowsOf(page).count()).toBe(9)
    expect((await firstCells(page)).map(Number)).toEqual(ids.toReversed())
  })

  it('ends with the token, and the screen is cleared', async () => {
    const writer = startWriter(stage.app.url)
    onTestFinished(writer.stop)
    const limits = [{ scopes: ['global'], permissions: [{ js_result: { read: '*' } }] }]
    const { credential, key } = await createToken(stage, limits)
    const page = await openScreen(stage, recordsPlace('js-result', [], live), { token: credential })
    await expect.poll(() => newest(page)).toBeGreaterThan(seeded.jsResults)
    await createClient({ url: stage.app.url, token: secrets.root }).tokens.delete(key)
    await page.getByText('Your token no longer holds.', { exact: false }).waitFor()
    const left = await page.evaluate('document.documentElement.outerHTML + JSON.stringify(sessionStorage)')
    expect(left).not.toContain(seeded.worker)
    expect(left).not.toContain(credential)
  })
})

async function newest(page: Parameters<typeof firstCells>[0]): Promise<number> {
  return Number((await firstCells(page))[0])
}
