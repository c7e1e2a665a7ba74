import type { Command } from 'commander'
import { type Client, createClient } from '../../client/client.ts'
import type { ConfigSource } from '../../config.ts'
import { createOutput, type Output } from '../terminal/output.ts'
import { type Presentation, readPresentation } from '../terminal/presentation.ts'
import { type Access, type AccessFlags, findAccess } from './access.ts'
import type { Surroundings } from './surroundings.ts'

/** What every command that speaks to a server works with. */
export interface Session extends Surroundings, Access {
  readonly client: Client
  readonly output: Output
  readonly presentation: Presentation
}

/** Reads the options that all commands share; `more` are a command's own settings. Throws what findAccess throws. */
export function openSession(
  command: Command,
  surroundings: Surroundings,
  more: ConfigSource['flags'] = {},
): Session {
  const presentation = readPresentation(command, surroundings)
  const access = findAccess(command.optsWithGlobals<AccessFlags>(), surroundings, more)
  const { url, credential } = access
  return {
    ...surroundings,
    ...access,
    client: createClient({ url, token: credential?.text }),
    output: createOutput(surroundings, presentation),
    presentation,
  }
}

/** The action of a command that speaks to a server. `act` gets a session, the arguments and the options. */
export function inSession<Given extends readonly unknown[]>(
  surroundings: Surroundings,
  act: (session: Session, ...given: Given) => Promise<void>,
): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    // Commander hands over the arguments, the options and the command.
    await act(openSession(given.at(-1) as Command, surroundings), ...(given.slice(0, -1) as unknown as Given))
  }
}
