import { readFileSync } from 'node:fs'
import { JsonText } from '../../src/json.ts'
import { resources } from '../../src/resource/kind/index.ts'
import { declaredMethods } from '../support/declared-methods.ts'
import { methodsText, type OpenRpc } from './methods-text.ts'
import { settingsText } from './settings-text.ts'

/** A part of a page that is made from a declaration: what stands between its two comments. */
export interface MadePart {
  /** The page's name in docs. */
  readonly page: string
  readonly name: string
  readonly text: string
}

export async function madeParts(): Promise<readonly MadePart[]> {
  return [
    { page: 'methods.md', name: 'methods', text: methodsText(await openRpc(), resources) },
    { page: 'configuration.md', name: 'settings', text: settingsText() },
  ]
}

/** The document that `rpc.discover` answers. */
async function openRpc(): Promise<OpenRpc> {
  const discover = declaredMethods.find(({ name }) => name === 'rpc.discover')
  const context = { bearer: undefined, correlationId: '' }
  const document = await discover?.handle({
    params: {},
    caller: undefined,
    context,
    live: { context } as never,
  })
  if (!(document instanceof JsonText)) throw new Error('rpc.discover answers no document')
  return JSON.parse(document.text) as OpenRpc
}

export function pageUrl(page: string): URL {
  return new URL(`../../docs/${page}`, import.meta.url)
}

export function readPage(page: string): string {
  return readFileSync(pageUrl(page), 'utf8')
}

/** The page with `text` in place of its part `name`. Throws where the page has no such part. */
export function withPart(page: string, name: string, text: string): string {
  const begin = `<!-- ${name}: made by npm run docs -->`
  const end = `<!-- ${name}: end -->`
  const [first, last] = [page.indexOf(begin), page.indexOf(end)]
  if (first < 0 || last < first) throw new Error(`the page has no part ${name}`)
  return `${page.slice(0, first)}${begin}\n\n${text}\n\n${page.slice(last)}`
}
