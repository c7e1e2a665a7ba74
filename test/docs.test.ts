import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { errorCodes, failures, reasons } from '../src/errors.ts'

/** The cells of the table of a page whose header row begins with `header`. */
function tableUnder(page: string, header: string): readonly (readonly string[])[] {
  const lines = readFileSync(new URL(`../docs/${page}`, import.meta.url), 'utf8').split('\n')
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

/** Text as a cell of a table holds it. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

describe('the pages of docs', () => {
  it('list every error, and no other', () => {
    const listed = tableUnder('errors.md', 'code').map(([code, name]) => [name, Number(code)])
    expect(Object.fromEntries(listed)).toEqual(errorCodes)
  })

  it('list every reason with its codes and its meaning, and no other', () => {
    const listed = tableUnder('errors.md', 'reason').map(([reason, codes, meaning]) => [
      reason,
      codes,
      meaning,
    ])
    const known = Object.entries(reasons).map(([reason, entry]) => {
      const names = 'also' in entry ? [entry.code, entry.also] : [entry.code]
      return [`\`${reason}\``, names.map(name => errorCodes[name]).join(', '), cell(entry.summary)]
    })
    expect(listed).toEqual(known)
  })

  it('say what to do about every reason', () => {
    expect(tableUnder('errors.md', 'reason').filter(([, , , action]) => !action)).toEqual([])
  })

  it('list every other word that a failure begins with, and no other', () => {
    const known = Object.entries(failures).map(([word, summary]) => [`\`${word}\``, cell(summary)])
    expect(tableUnder('errors.md', 'word')).toEqual(known)
  })
})
