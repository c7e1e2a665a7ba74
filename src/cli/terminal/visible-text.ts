// C0, DEL and C1 control a terminal; bidirectional controls and separators change what it shows.
const unsafe = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

const names = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
])

/** `text` with every character that could control a terminal escaped, e.g. ESC as `\u001b`. */
export function visibleText(text: string): string {
  return text.replace(unsafe, character => names.get(character) ?? escapeOf(character))
}

/** The same JSON value, with every character that could control a terminal escaped. */
export function visibleJson(json: string): string {
  return json.replace(unsafe, escapeOf)
}

function escapeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

// Terminals draw these, and emoji, two cells wide.
const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u
const plain = /^[\x20-\x7e]*$/

/** How many cells of a terminal `text` takes. */
export function textWidth(text: string): number {
  if (plain.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += wide.test(segment) ? 2 : 1
  return width
}

/** `text`, cut to `width` cells; a cut shows as `…`. */
export function fitText(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  let fitted = ''
  let left = width - 1
  for (const { segment } of graphemes.segment(text)) {
    left -= wide.test(segment) ? 2 : 1
    if (left < 0) break
    fitted += segment
  }
  return `${fitted}…`
}
