// C0, DEL and C1 drive a terminal; the bidirectional controls and the separators make it show something else.
const unsafe = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

const names = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
])

/** `text` with everything that could drive a terminal written out, e.g. ESC as `\u001b`. */
export function visibleText(text: string): string {
  return text.replace(unsafe, character => names.get(character) ?? escapeOf(character))
}

/** The same JSON value, written without a character that could drive a terminal. */
export function visibleJson(json: string): string {
  return json.replace(unsafe, escapeOf)
}

function escapeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
