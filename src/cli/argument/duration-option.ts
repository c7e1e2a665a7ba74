import { parseDuration } from './moment.ts'

/** For an option whose value is a length of time in milliseconds: `1500`, `90s`, `15m`. */
export function durationOption(name: string): (text: string) => number {
  return text => parseDuration(text, name)
}
