import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { superTokenFile } from './credential.ts'
import { writeLines } from './output.ts'
import { addDatabaseOptions, configFlags, type ServerFlags } from './server-options.ts'
import type { Surroundings } from './surroundings.ts'
import { startLine, welcomeLines } from './welcome.ts'

/** `daybook serve`: the server itself; ends by SIGTERM or SIGINT. */
export function addServeCommand(program: Command, surroundings: Surroundings): void {
  const serve = program
    .command('serve')
    .description('run the server')
    .option('--host <address>', 'the address to listen on; else HOST, else 127.0.0.1')
    .option('--port <port>', 'the port, 0 for a free one; else PORT, else 7411')
    .option('--handlers <folder>', 'the folder of local event handlers; else DAYBOOK_HANDLERS')
    .option('--log-level <level>', 'else LOG_LEVEL, else info')
  addDatabaseOptions(serve).action((flags: ServerFlags) => runServe(flags, surroundings))
}

async function runServe(flags: ServerFlags, { env, stdout }: Surroundings): Promise<void> {
  const config = readConfig({ env, flags: configFlags(flags) })
  // A server whose output nobody reads serves all the same.
  const say = (lines: readonly string[]) => writeLines(stdout, lines).catch(() => {})
  await say([startLine(config)])
  // Loaded only here: the commands that speak to a server would start slower for it.
  const [{ createLogger, prettyStream }, { startApp }, { runUntilSignal }] = await Promise.all([
    import('../logger.ts'),
    import('../server/app.ts'),
    import('../server/serve.ts'),
  ])
  const stream = config.logFormat === 'pretty' ? await prettyStream() : undefined
  const logger = createLogger({ level: config.logLevel, ...(stream && { stream }) })
  const lost = Promise.withResolvers<never>()
  const ending = lost.promise.catch(endSoon)
  // When the start itself fails, nobody waits for it.
  ending.catch(() => undefined)
  const app = await startApp(config, logger, { onFatal: lost.reject })
  // Before anything is said: whoever reads that we listen may stop us at once.
  const stopped = runUntilSignal(app.close)
  const tokenFile = superTokenFile(config)
  const hasTokenFile = config.superToken === undefined && existsSync(tokenFile)
  const welcome = { url: app.url, superToken: app.superToken, tokenFile, hasTokenFile }
  await say(welcomeLines(welcome))
  await Promise.race([stopped, ending])
}

/** A server whose database is gone ends, for a supervisor to start another; those who wait are told first. */
function endSoon(error: unknown): never {
  setTimeout(() => process.exit(1), 1000)
  throw error
}
