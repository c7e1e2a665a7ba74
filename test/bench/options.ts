import { parseArgs } from 'node:util'

export interface BenchOptions {
  /** Rows that are loaded before anything is measured. */
  readonly rows: number
  /** How long each round is measured; a second of warm-up comes before. */
  readonly seconds: number
  /** Rounds of each contender; medians are reported. */
  readonly rounds: number
  /** The many rows of `scale`. */
  readonly scale: number
  /** How long `growth` is watched. */
  readonly minutes: number
  /** Names of the scenarios to run; undefined: all. */
  readonly only: readonly string[] | undefined
  /** Where Daybook shall leave a CPU profile of the whole run; undefined: none is taken. */
  readonly profile: string | undefined
}

/** The most rows a worker gets, so that its 1000-row query is answered in full. */
const rowsPerWorker = 1000

/** Reads `--rows`, `--seconds`, `--rounds`, `--scale`, `--minutes`, `--only a,b` and `--profile folder`. Throws TypeError for anything else. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '1000000' },
      seconds: { type: 'string', default: '4' },
      rounds: { type: 'string', default: '3' },
      scale: { type: 'string', default: '10000000' },
      minutes: { type: 'string', default: '60' },
      only: { type: 'string' },
      profile: { type: 'string' },
    },
  })
  return {
    rows: atLeast('--rows', values.rows, rowsPerWorker),
    seconds: atLeast('--seconds', values.seconds, 1),
    rounds: atLeast('--rounds', values.rounds, 1),
    scale: atLeast('--scale', values.scale, rowsPerWorker),
    minutes: atLeast('--minutes', values.minutes, 2),
    only: values.only?.split(','),
    profile: values.profile,
  }
}

/** How many workers the rows are spread over, 1000 rows each. */
export function workersOf({ rows }: BenchOptions): number {
  return Math.floor(rows / rowsPerWorker)
}

function atLeast(flag: string, text: string, least: number): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= least) return number
  throw new TypeError(`${flag}: expected a whole number of at least ${least}`)
}
