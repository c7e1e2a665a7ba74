import { InvalidArgumentError } from 'commander'

/** The parser of an option whose value is a whole number from 0. */
export function parseWholeNumber(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value
  throw new InvalidArgumentError('Expected a whole number.')
}
