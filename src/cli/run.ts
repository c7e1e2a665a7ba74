import { type Command, CommanderError } from 'commander'
import { DaybookConnectionError, DaybookError } from '../client/client.ts'
import { ConfigError } from '../config.ts'
import { describeError } from '../database/start-error.ts'
import { errorCodes, type Reason } from '../errors.ts'
import { didYouMean } from '../nearest.ts'
import { type AccessFlags, describeCredential, findAccess } from './argument/access.ts'
import type { Surroundings } from './argument/surroundings.ts'
import { createServeProgram } from './command/serve.ts'
import { CommandFailure, hasCode, UsageError } from './terminal/failure.ts'
import { visibleText } from './terminal/visible-text.ts'

/** 0: fine; 1: it failed; 2: it was called wrongly. */
export type ExitCode = 0 | 1 | 2

/** Runs `daybook` with `args` (without node and the script). Never throws: faults go to stderr. */
export async function runCommand(args: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  const { stdout, stderr } = surroundings
  // Each write sees its own fault; without a listener the same fault would end the process.
  stdout.on('error', () => {})
  stderr.on('error', () => {})
  const program = await programFor(args, surroundings)
  try {
    await program.parseAsync([...args], { from: 'user' })
    return 0
  } catch (error) {
    const { code, lines } = explain(error, () => presented(program.opts<AccessFlags>(), surroundings))
    stderr.write(lines.map(line => `${visibleText(line)}\n`).join(''))
    return code
  }
}

async function programFor([command]: readonly string[], surroundings: Surroundings): Promise<Command> {
  if (command === 'serve') return createServeProgram(surroundings)
  const { createProgram } = await import('./program.ts')
  return createProgram(surroundings, command)
}

interface Explanation {
  readonly code: ExitCode
  readonly lines: readonly string[]
}

/** What to say of the credential that a server has refused. */
type Presented = () => readonly string[]

function explain(error: unknown, presented: Presented): Explanation {
  if (error instanceof CommanderError) return { code: error.exitCode === 0 ? 0 : 2, lines: [] }
  // The reader of our output has seen enough (`| head`).
  if (hasCode(error, 'EPIPE')) return { code: 0, lines: [] }
  if (error instanceof UsageError) return { code: 2, lines: [`daybook: ${error.message}`] }
  if (error instanceof DaybookError) return { code: isUsage(error) ? 2 : 1, lines: refusal(error, presented) }
  if (error instanceof DaybookConnectionError) {
    const advice = error.status === undefined ? ['is the server running? daybook serve starts one'] : []
    return { code: 1, lines: [`daybook: ${error.message}`, ...advice] }
  }
  if (error instanceof ConfigError) return { code: 1, lines: error.faults.map(fault => `daybook: ${fault}`) }
  if (error instanceof CommandFailure) return { code: 1, lines: `daybook: ${error.message}`.split('\n') }
  return { code: 1, lines: [`daybook: ${describeError(error)}`] }
}

/** An unknown condition is a mistyped word that only the server could recognise. */
function isUsage({ reason }: DaybookError): boolean {
  return reason === ('unknown_condition' satisfies Reason)
}

function presented(flags: AccessFlags, surroundings: Surroundings): readonly string[] {
  const { credential } = findAccess(flags, surroundings)
  if (credential !== undefined) return [describeCredential(credential)]
  return ['give --token or DAYBOOK_TOKEN, or run where the server keeps its data']
}

function refusal(
  { code, reason, path, message, data }: DaybookError,
  presented: Presented,
): readonly string[] {
  const place = path === undefined || path === '' || message.startsWith(path) ? '' : `${path}: `
  const log = data.correlation_id === undefined ? [] : [`the server's log has it as ${data.correlation_id}`]
  const isAccess = code === errorCodes.permission_denied || code === errorCodes.malformed_credential
  const { did_you_mean: near } = data
  const meant = typeof near === 'string' && !message.includes(near) ? didYouMean(near) : ''
  return [
    `daybook: error ${code} ${reason}: ${place}${message}${meant}`,
    ...log,
    ...(isAccess ? presented() : []),
  ]
}
