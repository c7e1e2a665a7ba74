import { z } from 'zod'
import { textCheck } from '../text-check.ts'
import { maxNameLength, nameTextFault, patternFault } from './pattern.ts'
import { unseenFault } from './unseen-character.ts'

/** Why `text` cannot be a new name, or undefined when it can. */
export function nameFault(text: string): string | undefined {
  return nameTextFault(text) ?? unseenFault(text) ?? starFault(text)
}

function starFault(text: string): string | undefined {
  if (text.includes('*')) return 'must not contain `*`'
  if (text === '.' || text === '..') return 'must not be `.` or `..`'
  return undefined
}

/** A new name: 1 to 128 characters, all of them to be seen, no `*`, not `.` or `..`. */
export function isValidName(text: string): boolean {
  return nameFault(text) === undefined
}

/** The same as a schema; what is wrong with a name is the message. */
export const nameSchema = z.string().superRefine(textCheck(nameFault))

/** A name to look for: those that were made before may hold what new ones may not. */
export const lookedUpNameSchema = z
  .string()
  .superRefine(textCheck(text => nameTextFault(text) ?? starFault(text)))

/** A new name, or the beginning of names and `*`. */
export const patternSchema = z
  .string()
  .superRefine(textCheck(text => patternFault(text) ?? unseenFault(text)))
  .meta({ minLength: 1, maxLength: maxNameLength })
