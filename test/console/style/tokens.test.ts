import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const sheet = readFileSync(new URL('../../../src/console/style/tokens.css', import.meta.url), 'utf8')

/** The declarations of the rule of a selector. */
function declarationsOf(selector: string): readonly string[] {
  const body = sheet.split(`${selector} {`)[1]?.split('}')[0] ?? ''
  return body
    .split(';')
    .map(each => each.trim())
    .filter(each => each !== '')
}

test('the dark theme is the same whether the system or the user chose it', () => {
  const chosen = declarationsOf(':root[data-theme="dark"]')
  expect(chosen.length).toBeGreaterThan(30)
  expect(declarationsOf(':root:not([data-theme="light"])')).toEqual(chosen)
})
