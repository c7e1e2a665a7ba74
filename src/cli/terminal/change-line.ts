import { cellText, kindOf } from './cell.ts'
import { fitText } from './text-width.ts'
import type { Zone } from './time-text.ts'
import { visibleText } from './visible-text.ts'

/** Cells that one value may take: a payload must not push everything else away. */
const widest = 60

/** A change for a person, in a line: its number where its reader may know it, then every member that says something. */
export function changeLine(cursor: string, row: object, zone: Zone): string {
  const members = Object.entries(row)
    .filter(([, value]) => value !== null)
    .map(
      ([name, value]) =>
        `${visibleText(name)}=${fitText(cellText(value, kindOf(name), { zone, isExact: true }), widest)}`,
    )
  const number = /^\d+$/.test(cursor) ? [`#${cursor}`] : []
  return [...number, ...members].join('  ')
}
