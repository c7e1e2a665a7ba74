import type { Result } from './rounds.ts'
import type { Scenario } from './scenario.ts'
import { cpuOf, type Verdict } from './targets.ts'

const nameWidth = 28
const columnWidth = 12

/** The lines of one scenario: a row a contender, then what Daybook is to each of the others. */
export function scenarioLines(scenario: Scenario, results: readonly Result[]): readonly string[] {
  const { title, unit = 'request' } = scenario
  const heading = [
    `${unit}s/s`,
    'p50 ms',
    'p99 ms',
    'µs server',
    'µs postgres',
    'µs both',
    'µs load',
    'errors',
  ]
  const daybook = results.find(({ contender }) => contender === 'daybook')
  const others = results.filter(result => result !== daybook)
  return [
    '',
    `${title}; CPU a ${unit}`,
    line('', heading),
    ...results.map(resultLine),
    ...(daybook === undefined ? [] : others.map(other => ratioLine(daybook, other))),
  ]
}

function resultLine(result: Result): string {
  return line(result.contender, [
    whole(result.rate),
    result.p50.toFixed(2),
    result.p99.toFixed(2),
    result.server === undefined ? '-' : whole(result.server),
    whole(result.postgres),
    whole(cpuOf(result)),
    whole(result.load),
    whole(result.errors),
  ])
}

function ratioLine(daybook: Result, other: Result): string {
  return line(`daybook : ${other.contender}`, [
    ratio(daybook.rate, other.rate),
    ratio(daybook.p50, other.p50),
    ratio(daybook.p99, other.p99),
    daybook.server === undefined || other.server === undefined ? '-' : ratio(daybook.server, other.server),
    ratio(daybook.postgres, other.postgres),
    ratio(cpuOf(daybook), cpuOf(other)),
  ])
}

/** The lines that say which targets are reached, with their figures. */
export function verdictLines(verdicts: readonly Verdict[]): readonly string[] {
  const titleOf = ({ target: { title, against } }: Verdict): string =>
    against === undefined ? title : `${title}, against ${against}`
  const width = Math.max(0, ...verdicts.map(verdict => titleOf(verdict).length))
  return verdicts.map(verdict => {
    const { target, figure, isReached } = verdict
    const { against, bound } = target
    const text = against === undefined ? whole(figure) : `${figure.toFixed(2)}x`
    const unit = against === undefined ? '' : 'x'
    const wanted = 'atLeast' in bound ? `at least ${bound.atLeast}${unit}` : `at most ${bound.atMost}${unit}`
    const outcome = isReached ? 'reached' : 'NOT REACHED'
    return `  ${titleOf(verdict).padEnd(width)}  ${text.padStart(7)}  ${wanted.padEnd(13)}  ${outcome}`
  })
}

function line(name: string, columns: readonly string[]): string {
  return `  ${name.padEnd(nameWidth)}${columns.map(column => column.padStart(columnWidth)).join('')}`
}

function whole(number: number): string {
  return Math.round(number).toLocaleString('en')
}

function ratio(value: number, base: number): string {
  return `${(value / base).toFixed(2)}x`
}
