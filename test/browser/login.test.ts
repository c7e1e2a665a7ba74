import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { secrets } from '../wire/support/app.ts'
import { logIn } from './support/session.ts'
import { setStage } from './support/stage.ts'

describe('the console', () => {
  const stage = setStage()

  it('is what a browser finds at the address of the server', async () => {
    const page = await stage.open('/')
    expect(new URL(page.url()).pathname).toBe('/console/')
    await page.getByRole('button', { name: 'Log in' }).waitFor()
  })

  it('takes a token, keeps it in the tab alone, and forgets it at the end', async () => {
    const page = await stage.open()
    await logIn(page, secrets.root)
    expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain('SuperTokenSecret')
    await page.reload()
    await page.getByRole('navigation').waitFor()
    const other = await page.context().newPage()
    await other.goto(page.url())
    await other.getByRole('button', { name: 'Log in' }).waitFor()
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('button', { name: 'Log in' }).waitFor()
    expect(await page.evaluate('JSON.stringify(sessionStorage)')).not.toContain('SuperTokenSecret')
  })

  it('takes a user name and a password, and does not keep the password', async () => {
    const client = createClient({ url: stage.app.url, token: secrets.root })
    const limits = [{ scopes: ['global' as const], permissions: [{ js_result: { read: '*' } }] }]
    await client.tokens.create({ username: 'ada', password: 'analytical engine', token_limit: limits })
    const page = await stage.open()
    await page.getByRole('radio', { name: 'Password' }).check({ force: true })
    await page.locator('input[name=username]').fill('ada')
    await page.locator('input[name=password]').fill('analytical engine')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('navigation').waitFor()
    expect(await page.evaluate('JSON.stringify([sessionStorage, localStorage])')).not.toContain('analytical')
    await page.getByText('ada', { exact: true }).waitFor()
  })

  it('says that a token is wrong', async () => {
    const page = await stage.open()
    await page.locator('input[name=token]').fill('nobody:nothing')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('alert').waitFor()
  })

  it('goes on where the address leads, after logging in', async () => {
    const page = await stage.open('/console/#/sinks')
    await logIn(page, secrets.root)
    await page.getByRole('heading', { name: 'Sinks' }).waitFor()
  })

  it('speaks the language of the browser', async () => {
    const page = await stage.open('/console/', { locale: 'zh-CN' })
    await page.getByRole('button', { name: '登录' }).waitFor()
    expect(await page.evaluate('document.documentElement.lang')).toBe('zh-CN')
  })
})
