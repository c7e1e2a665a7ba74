import { z } from 'zod'
import { textCheck } from '../text-check.ts'
import { maxNameLength, nameTextFault, patternFault } from './pattern.ts'

// This includes zero-width characters, soft hyphens, fillers and tags.
const unseen = /[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\ufff9-\ufffb]/u
const outerSpace = /^\p{White_Space}|\p{White_Space}$/u

const joining = String.raw`[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Nko}\p{Script=Mandaic}\p{Script=Mongolian}]`
/** Viramas of the scripts of India, Sri Lanka, Myanmar, Cambodia, Bali and Java. */
const virama = String.raw`[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca\u1039\u103a\u17d2\u1b44\ua9c0]`

/**
 * What scripts cannot be written without (UAX #31, section 2.3): between letters that join a non-joiner (A1), behind a virama
 * either joiner (A2, B). An emoji may be followed by the selector of its coloured form.
 */
const needed = new RegExp(
  String.raw`(?<=${joining}\p{M}*)\u200c(?=\p{M}*${joining})|(?<=\p{L}\p{M}*${virama}\p{M}*)[\u200c\u200d](?!\p{M})|(?<=\p{Extended_Pictographic})\ufe0f`,
  'gu',
)

/** What of `text` nobody can see, so that two names that look alike would differ; undefined when there is nothing. */
export function unseenFault(text: string): string | undefined {
  if (outerSpace.test(text)) return 'must not begin or end with white space'
  const hidden = unseen.test(text) ? unseen.exec(text.replace(needed, '')) : null
  if (hidden === null) return undefined
  const code = hidden[0].codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')
  return `must not contain the invisible character U+${code}`
}

/** Why `text` cannot be a new name, or undefined when it can. */
export function nameFault(text: string): string | undefined {
  return nameTextFault(text) ?? unseenFault(text) ?? starFault(text)
}

function starFault(text: string): string | undefined {
  if (text.includes('*')) return 'must not contain `*`'
  if (text === '.' || text === '..') return 'must not be `.` or `..`'
  return undefined
}

/** A new name: 1 to 128 characters, all of them visible, no `*`, not `.` or `..`; what is wrong is the message. */
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
