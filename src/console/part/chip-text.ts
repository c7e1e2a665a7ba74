import { stringifyJson } from '../../json.ts'
import { formatTime } from '../format.ts'
import { text } from '../language.ts'
import type { Chip } from '../model/condition-chip.ts'
import { readPathTest } from '../model/json-path.ts'
import { pathText } from '../model/json-tree.ts'
import type { ConditionKey, Vocabulary } from '../model/vocabulary.ts'

/** The longest value that a chip shows. */
const longest = 60

/** A condition in a short line, e.g. `js_worker_name like demo_*`. */
export function chipText(chip: Chip, vocabulary: Vocabulary): string {
  const { condition } = text()
  switch (chip.type) {
    case 'word':
      return chip.name
    case 'key': {
      const key = vocabulary.keys.get(chip.name)
      return key === undefined ? `${chip.name} ${shown(chip.value)}` : keyText(key, chip.value)
    }
    case 'group':
      return chip.chips
        .map(each => `(${chipText(each, vocabulary)})`)
        .join(` ${chip.of === 'or' ? condition.or : condition.and} `)
    case 'not':
      return `${condition.not} (${chipText(chip.chip, vocabulary)})`
    case 'raw':
      return shown(chip.json)
  }
}

function keyText({ subject, operator, input }: ConditionKey, value: unknown): string {
  const { condition } = text()
  if (operator === 'path') {
    const test = readPathTest(value)
    if (test === undefined) return `${subject} ${shown(value)}`
    return `${subject}.${pathText(test.path)} ${condition.pathOperators[test.operator]} ${shown(test.value)}`
  }
  const isTime = input.type === 'time' || input.type === 'times'
  const texts = (Array.isArray(value) ? value : [value]).map(each =>
    isTime && typeof each === 'number' ? formatTime(each) : shown(each),
  )
  const separator = operator === 'between' ? ' – ' : ', '
  return `${subject} ${condition.operators[operator]} ${cut(texts.join(separator))}`
}

function shown(value: unknown): string {
  return cut(typeof value === 'string' ? value : stringifyJson(value))
}

function cut(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest).toWellFormed()}…`
}
