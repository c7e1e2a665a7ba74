import type { Command } from 'commander'
import { openSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { CommandFailure } from '../terminal/failure.ts'
import { readReadiness } from './readiness.ts'

/** `daybook healthcheck`: exit 0 when the server could serve now, for Docker and the like. */
export function addHealthcheckCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('healthcheck')
    .description('exit 0 if the server is ready, 1 if not')
    .action(async (_options: object, command: Command) => {
      const { url, output } = openSession(command, surroundings)
      const { isReady, detail } = await readReadiness(url)
      if (!isReady) throw new CommandFailure(`${url}: ${detail}`)
      await output.note(`${url}: ready`)
    })
}
