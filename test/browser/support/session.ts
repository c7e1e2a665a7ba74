import type { Page } from 'playwright-core'
import { createClient } from '../../../src/client/client.ts'
import { secrets } from '../../wire/support/app.ts'
import type { OpenOptions, Stage } from './stage.ts'

/** Logs in by the form, as people do. */
export async function logIn(page: Page, token: string): Promise<void> {
  await page.locator('input[name=token]').fill(token)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page
    .getByRole('navigation')
    .or(page.getByRole('button', { name: 'Menu' }))
    .first()
    .waitFor()
}

export interface OpenedOptions extends OpenOptions {
  /** The super token's if absent. */
  readonly token?: string
}

/** Opens a place of the console, e.g. `sinks`, as somebody who is logged in. */
export async function openScreen(stage: Stage, place: string, options: OpenedOptions = {}): Promise<Page> {
  const { token = secrets.root, ...rest } = options
  const page = await stage.open(undefined, rest)
  await page.evaluate(
    `sessionStorage.setItem('daybook.session', '${JSON.stringify({ token, name: 'tester' })}')`,
  )
  await page.goto(`${options.url ?? stage.app.url}/console/#/${place}`)
  await page.reload()
  await page.getByRole('main').getByRole('heading', { level: 1 }).waitFor()
  return page
}

/** Makes a token with these limits. Resolves to its credential and key. */
export async function createToken(
  stage: Stage,
  limits: readonly { readonly scopes: readonly unknown[]; readonly permissions: readonly unknown[] }[],
): Promise<{ readonly credential: string; readonly key: string }> {
  const client = createClient({ url: stage.app.url, token: secrets.root })
  const { key, secret } = await client.call('token_create', {
    token_creation: { token_limit: limits as never },
  })
  return { key, credential: `${key}:${secret}` }
}
