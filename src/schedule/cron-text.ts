interface Field {
  readonly least: number
  readonly most: number
  /** How many different values it has: a week's day 7 is its day 0. */
  readonly size: number
  readonly words: readonly string[]
}

const months = ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const sixty = { least: 0, most: 59, size: 60, words: [] }

/** Second, minute, hour, day of month, month, day of week. */
const fields: readonly Field[] = [
  sixty,
  sixty,
  { least: 0, most: 23, size: 24, words: [] },
  { least: 1, most: 31, size: 31, words: [] },
  { least: 1, most: 12, size: 12, words: months },
  { least: 0, most: 6, size: 7, words: weekdays },
]

// Not cron-parser's `H`, which means another time whenever it is read, nor its fewer fields, nor its other words.
const fieldText = '(?:[Tt][Hh][Uu]|[\\dA-GI-Za-gi-z*,/?#-])+'
const fieldsText = new RegExp(`^${fieldText}(?:[ \\t]+${fieldText}){4,5}$`)
const words = new Map([
  ...['@hourly', '@daily', '@weekly', '@monthly', '@yearly', '@annually'].map(word => [word, word] as const),
  ['@midnight', '@daily'],
])

/** The same schedule as cron-parser reads it: without surrounding blanks, its words among the parser's own. */
export function plainCron(cron: string): string {
  const text = cron.trim()
  return words.get(text) ?? text
}

/** Why the text of a schedule cannot mean what it says, or undefined; whether the parser takes it is another question. */
export function cronTextFault(cron: string): string | undefined {
  const text = cron.trim()
  if (words.has(text)) return undefined
  if (text === '@reboot') return '@reboot is no time: servers start and stop by themselves'
  if (!fieldsText.test(text)) return 'expected five or six fields, or a word such as @daily'
  const parts = text.split(/[ \t]+/)
  const used = fields.slice(fields.length - parts.length)
  for (const [index, field] of used.entries()) {
    for (const part of parts[index]?.split(',') ?? []) {
      const fault = partFault(part, field)
      if (fault !== undefined) return fault
    }
  }
  return undefined
}

const partText = /^(?:[*?]|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/

/** Of one element of a list, e.g. `10-20/5`. */
function partFault(part: string, field: Field): string | undefined {
  const [, from, to, step] = partText.exec(part) ?? []
  const first = numberOf(from, field)
  const last = numberOf(to, field)
  if (first !== undefined && last !== undefined && first > last) {
    const { least, most } = field
    return `the range ${from}-${to} runs backwards: write ${from}-${most},${least}-${to}`
  }
  const size = first !== undefined && last !== undefined ? last - first + 1 : field.size
  if (step === undefined || Number(step) <= size) return undefined
  return `the step of ${part} is longer than its ${size} values: it would never be taken`
}

function numberOf(text: string | undefined, { words }: Field): number | undefined {
  if (text === undefined) return undefined
  if (/^\d+$/.test(text)) return Number(text)
  const index = words.indexOf(text.toLowerCase())
  return index === -1 ? undefined : index
}
