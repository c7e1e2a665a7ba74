/** `npm run docs`: writes the parts of docs/ that are made from declarations. */
import { writeFileSync } from 'node:fs'
import { madeParts, pageUrl, readPage, withPart } from './made-parts.ts'

for (const { page, name, text } of await madeParts()) {
  writeFileSync(pageUrl(page), withPart(readPage(page), name, text))
}
