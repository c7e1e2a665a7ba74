import { styleText } from 'node:util'
import type { Surroundings } from '../argument/surroundings.ts'

/** Colours a text for a terminal, or leaves it as it is. */
export type Paint = (tone: Tone, text: string) => string

export type Tone = 'title' | 'good' | 'bad' | 'busy'

const formats = { title: 'bold', good: 'green', bad: 'red', busy: 'yellow' } as const

const tones: ReadonlyMap<unknown, Tone> = new Map([
  ...['failure', 'fail', 'failed', 'fault', 'abnormal', 'Warning'].map(word => [word, 'bad'] as const),
  ...['success', 'ok'].map(word => [word, 'good'] as const),
  ...['running', 'waiting', 'paused'].map(word => [word, 'busy'] as const),
])

/** The tone of a state; undefined for an ordinary one. */
export function toneOf(state: unknown): Tone | undefined {
  return tones.get(state)
}

export const plainPaint: Paint = (_tone, text) => text

export const colourPaint: Paint = (tone, text) => styleText(formats[tone], text, { validateStream: false })

/** Whether `stream` gets colours: FORCE_COLOR wins over NO_COLOR, as in Node; else it must be a terminal. */
export function hasColour(env: Surroundings['env'], stream: NodeJS.WriteStream): boolean {
  const { FORCE_COLOR: force, NO_COLOR: no, TERM: terminal } = env
  if (force !== undefined) return force !== '0' && force !== 'false'
  if (no !== undefined && no !== '') return false
  return stream.isTTY === true && terminal !== 'dumb'
}
