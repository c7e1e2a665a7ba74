import { expect, it } from 'vitest'
import { madeParts, readPage, withPart } from './made-parts.ts'

it.each(await madeParts())(
  'the $name of docs/$page are what is declared: npm run docs',
  ({ page, name, text }) => {
    const written = readPage(page)
    expect(written).toBe(withPart(written, name, text))
  },
)

it('a page that has lost its part is a fault', () => {
  expect(() => withPart('# Methods\n', 'methods', '')).toThrow('no part methods')
})
