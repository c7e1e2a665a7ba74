/**
 * What finds the shown answer in what was printed. `…` stands for any text of a line, and for any lines where it is a line of
 * its own. JSON may be laid out in another way than it was printed.
 */
export function shownAnswer(language: string, shown: string): RegExp {
  const text = withoutLayout(language, shown)
  return new RegExp(
    text
      .split(/^[ \t]*…[ \t]*$/m)
      .map(lines => lines.split('…').map(escapeText).join('[^\\n]*?'))
      .join('[\\s\\S]*?'),
  )
}

/** Whether all that was printed is what is shown. */
export function isShown(language: string, shown: string, printed: string): boolean {
  const { source } = shownAnswer(language, shown)
  return new RegExp(`^${source}$`).test(withoutLayout(language, printed))
}

/** The printed text as `shownAnswer` wants it: without what only lays it out. */
export function withoutLayout(language: string, text: string): string {
  if (language !== 'json') return text.trim().replace(/[ \t]+$/gm, '')
  return text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_, literal: string | undefined) => literal ?? '')
}

function escapeText(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
