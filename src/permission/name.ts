import { z } from 'zod'
import { textCheck } from '../text-check.ts'
import { maxNameLength, nameTextFault, patternFault } from './pattern.ts'

/** Why `text` cannot be a new name, or undefined when it can. */
export function nameFault(text: string): string | undefined {
  const fault = nameTextFault(text)
  if (fault !== undefined) return fault
  if (text.includes('*')) return 'must not contain `*`'
  if (text === '.' || text === '..') return 'must not be `.` or `..`'
  return undefined
}

/** A new name: 1 to 128 characters, no control characters, no `*`, not `.` or `..`. */
export function isValidName(text: string): boolean {
  return nameFault(text) === undefined
}

/** The same as a schema; what is wrong with a name is the message. */
export const nameSchema = z.string().superRefine(textCheck(nameFault))

/** A name, or the beginning of names and `*`: what `compilePattern` takes. */
export const patternSchema = z
  .string()
  .superRefine(textCheck(patternFault))
  .meta({ minLength: 1, maxLength: maxNameLength })
