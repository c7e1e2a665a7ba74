import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { defaultText, settings } from '../src/config/settings.ts'
import { errorCodes } from '../src/errors.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

/** The cells of the table whose header row begins with `header`. */
function tableUnder(header: string): readonly (readonly string[])[] {
  const lines = readme.split('\n')
  const start = lines.findIndex(line => line.startsWith(`| ${header} |`))
  expect(start).toBeGreaterThan(-1)
  const rows = lines.slice(start + 2)
  const end = rows.findIndex(line => !line.startsWith('|'))
  return rows.slice(0, end).map(row =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map(cell => cell.trim()),
  )
}

describe('the README', () => {
  it('lists every error, and no other', () => {
    const listed = tableUnder('code').map(([code, name]) => [name, Number(code)])
    expect(Object.fromEntries(listed)).toEqual(errorCodes)
  })

  it('lists every setting with its default, and no other', () => {
    const listed = tableUnder('variable').map(([variable, fallback]) => [variable, fallback])
    const known = Object.entries(settings).map(([variable, setting]) => [
      `\`${variable}\`${setting.isSecret ? ' ¹' : ''}`,
      defaultText(setting),
    ])
    expect(listed).toEqual(known)
  })
})
