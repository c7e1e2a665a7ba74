import type { Command } from 'commander'
import { describeFault } from '../../client/transport.ts'
import { inSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { CommandFailure } from '../terminal/failure.ts'

const timeoutMs = 5000

/** `daybook healthcheck`: exits with 0 when the server is ready, for Docker and the like. */
export function addHealthcheckCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('healthcheck')
    .description('exit 0 if the server is ready, 1 if not')
    .action(
      inSession(surroundings, async ({ url, output }) => {
        const { isReady, detail } = await readReadiness(url)
        if (!isReady) throw new CommandFailure(`${url}: ${detail}`)
        await output.note(`${url}: ready`)
      }),
    )
}

/** The answer of a server's `/readyz`; `isReady` is false when it cannot be reached. */
export interface Readiness {
  readonly isReady: boolean
  readonly isReachable: boolean
  readonly detail: string
}

/** Asks the server at `url` whether it is ready. Never throws. */
export async function readReadiness(url: string): Promise<Readiness> {
  try {
    const response = await fetch(new URL('/readyz', url), { signal: AbortSignal.timeout(timeoutMs) })
    const detail = (await response.text()).trim()
    return { isReady: response.ok, isReachable: true, detail: detail || `HTTP status ${response.status}` }
  } catch (error) {
    return { isReady: false, isReachable: false, detail: describeFault(error, timeoutMs) }
  }
}
