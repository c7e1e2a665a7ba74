import { distance } from 'fastest-levenshtein'

/**
 * The one of `words` that `word` was most likely meant to be, or undefined when none is near: `querry` is `query`,
 * `startTime` is `start_time`.
 */
export function nearest(word: string, words: Iterable<string>): string | undefined {
  // The distance of long texts takes long, and nobody meant a word by one.
  if (word.length > maxLength) return undefined
  const plainWord = plain(word)
  let found: string | undefined
  let least = Math.min(maxEdits, Math.floor(plainWord.length * 0.4)) + 1
  for (const each of words) {
    const edits = distance(plainWord, plain(each))
    if (edits >= least) continue
    least = edits
    found = each
  }
  return found
}

const maxLength = 100
const maxEdits = 3

/** What `nearest` found as the end of a message, e.g. ` (did you mean query?)`; empty when it found none. */
export function didYouMean(found: string | undefined): string {
  return found === undefined ? '' : ` (did you mean ${found}?)`
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[_-]/g, '')
}
