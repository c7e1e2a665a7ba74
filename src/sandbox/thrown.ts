import { failed, type ScriptOutcome, type SyntaxFault } from './script.ts'

/** A thrown value as the script's side describes it. */
export interface Thrown {
  readonly name: string
  readonly message: string
  readonly stack: string
  /** It was null or undefined. */
  readonly empty: boolean
  /** Names and texts of its other members. */
  readonly members?: readonly (readonly [string, string])[]
  readonly cause?: Cause
  /** Of an AggregateError. */
  readonly errors?: readonly Cause[]
}

export type Cause = Omit<Thrown, 'empty'>

/** What QuickJS itself throws where the heap has no room. */
export const noRoom: Thrown = { name: 'InternalError', message: 'out of memory', stack: '', empty: false }
export const unreadable: Thrown = {
  name: '',
  message: 'an error that cannot be read',
  stack: '',
  empty: false,
}

/** Frames of this file are the sandbox's own; no worker's name can hold a bracket. */
export const preludeFile = '<sandbox>'

/** The outcome of a run that ended with something thrown. */
export function outcomeOfThrown(thrown: Thrown, label = ''): ScriptOutcome {
  if (isOutOfMemory(thrown)) return outOfMemory()
  if (isStackOverflow(thrown)) return failed('script_stack_overflow', 'used more stack than it may')
  return failed('script_error', textOfThrown(thrown, label))
}

/** What a whole chain of causes may take, in UTF-16 units, before it is cut at its end. */
const maxChainLength = 3600

/** The error with its frames and members, then what caused it and what it holds, each on lines of its own. */
function textOfThrown(thrown: Thrown, label: string): string {
  const parts = partsOf(thrown, label)
  const each = Math.max(Math.floor(maxChainLength / parts.length), 160)
  return parts.map(part => (parts.length === 1 ? part : part.slice(0, each))).join('\n')
}

function partsOf({ name, message, stack, members = [], cause, errors = [] }: Cause, label: string): string[] {
  const told = members.map(([member, text]) => `  ${member}: ${text}`)
  const lines = [`${label}${headline({ name, message })}`, ...told, scriptFrames(stack)]
  const causes = cause === undefined ? [] : partsOf(cause, 'caused by: ')
  const others = errors.flatMap((error, i) => partsOf(error, `errors[${i}]: `))
  return [lines.filter(line => line !== '').join('\n'), ...causes, ...others]
}

export function outOfMemory(): ScriptOutcome {
  return failed('script_out_of_memory', 'used more heap than it may')
}

function isOutOfMemory({ name, message }: Thrown): boolean {
  if (name === 'InternalError') return message.startsWith('out of memory') || message === 'string too long'
  // Where QuickJS forgets to make the error, what is caught has no type of the language.
  return name === '' && message === '[unsupported type]'
}

/** JSON.parse and eval make a SyntaxError of it. */
function isStackOverflow({ name, message }: Thrown): boolean {
  return (name === 'InternalError' || name === 'SyntaxError') && message === 'stack overflow'
}

/** The outcome of an exception of QuickJS, not of the script. */
export function outcomeOfCrash(error: unknown): ScriptOutcome {
  // The thread's own stack ended before the one that QuickJS counts.
  if (error instanceof RangeError) return failed('script_stack_overflow', 'used more stack than it may')
  return failed('script_crashed', 'the script engine failed')
}

/** Parsing has no frame of a function: a SyntaxError that the script throws itself has one. */
export function isOfParsing({ name, stack }: Thrown, file: string): boolean {
  const [frame = '', ...more] = stack.trim().split('\n')
  return name === 'SyntaxError' && more.length === 0 && frame.startsWith(`at ${file}:`)
}

export function syntaxFaultOf(thrown: Thrown): SyntaxFault {
  const place = /:(\d+):(\d+)\)?\s*$/.exec(thrown.stack.trimEnd().split('\n')[0] ?? '')
  const line = Number(place?.[1] ?? 1)
  return { message: headline(thrown), line, column: Number(place?.[2] ?? 1) }
}

/** Where `source` imports what it cannot have. */
export function importFaultOf(source: string, specifier: string): SyntaxFault {
  const at = Math.max(source.indexOf(`'${specifier}'`), source.indexOf(`"${specifier}"`), 0)
  const before = source.slice(0, at).split('\n')
  const column = (before.at(-1)?.length ?? 0) + 1
  return { message: `a script cannot import '${specifier}'`, line: before.length, column }
}

export function outcomeOfSyntax({ message, line, column }: SyntaxFault): ScriptOutcome {
  return failed('script_syntax_error', `${message} (line ${line}, column ${column})`)
}

function headline({ name, message }: Pick<Thrown, 'name' | 'message'>): string {
  if (name === '' || message === '') return `${name}${message}`
  return `${name}: ${message}`
}

function scriptFrames(stack: string): string {
  return stack
    .split('\n')
    .filter(line => line.trim() !== '' && !line.includes(preludeFile) && !line.includes('(native)'))
    .join('\n')
}
