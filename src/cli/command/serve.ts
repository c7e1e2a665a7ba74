import { flushCompileCache } from 'node:module'
import process from 'node:process'
import { Command, Option } from 'commander'
import { type Config, readConfig } from '../../config.ts'
import type { Logger } from '../../logger.ts'
import { addDatabaseOptions, addSettingOptions, configFlags } from '../argument/server-options.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { writeLines } from '../terminal/output.ts'
import { addGlobalDisplayOptions } from '../terminal/presentation.ts'
import { startLine, welcomeLines } from './welcome.ts'

type ServeFlags = Readonly<Record<string, string | undefined>>

type Say = (lines: readonly string[]) => Promise<void>

/** `daybook serve`: the server itself; ends by SIGTERM or SIGINT. */
function addServeCommand(program: Command, surroundings: Surroundings): void {
  const serve = program.command('serve').description('run the server')
  addSettingOptions(serve, 'HOST', 'PORT', 'DAYBOOK_WORKERS', 'DAYBOOK_HANDLERS', 'LOG_LEVEL')
  addDatabaseOptions(serve)
    // How the process that keeps the workers starts one.
    .addOption(new Option('--worker <number>').hideHelp())
    .action((flags: ServeFlags) => runServe(flags, surroundings))
}

async function runServe(flags: ServeFlags, { env, stdout }: Surroundings): Promise<void> {
  // A server must serve even if nobody reads its output.
  const say: Say = lines => writeLines(stdout, lines).catch(() => {})
  try {
    const config = readConfig({ env, flags: configFlags(flags) })
    if (flags.worker !== undefined) return await serveAsWorker(config, Number(flags.worker))
    await say([startLine(config)])
    return await (config.workers > 1 ? keepWorkers(config, say) : serveAlone(config, say))
  } catch (error) {
    // The channel to its keeper would keep a failed worker alive.
    process.channel?.unref()
    throw error
  }
}

// What follows is loaded only here: it would slow down the start of the commands that speak to a server.

async function loadApp(config: Config) {
  const [logger, app, untilSignal, spareMemory] = await Promise.all([
    openLog(config),
    import('../../app/app.ts'),
    import('../../app/until-signal.ts'),
    import('../../app/spare-memory.ts'),
  ])
  return { logger, ...app, ...untilSignal, ...spareMemory }
}

async function serveAlone(config: Config, say: Say): Promise<void> {
  const { logger, startApp, runUntilSignal, giveBackMemoryWhenIdle } = await loadApp(config)
  const lost = Promise.withResolvers<never>()
  const ending = lost.promise.catch(endSoon)
  // When the start itself fails, nothing awaits it.
  ending.catch(() => undefined)
  const app = await startApp(config, logger, { onFatal: lost.reject })
  giveBackMemoryWhenIdle()
  // Before the welcome is printed: who reads it may stop us at once.
  const stopped = runUntilSignal(app.close)
  await say(welcomeLines(config, app))
  // Otherwise only a server that is stopped cleanly leaves the cache for the next one.
  flushCompileCache()
  await Promise.race([stopped, ending])
}

/** A server whose database is gone ends, so that a supervisor starts another; waiting clients are answered first. */
function endSoon(error: unknown): never {
  setTimeout(() => process.exit(1), 1000)
  throw error
}

async function serveAsWorker(config: Config, number: number): Promise<void> {
  const [{ logger, startApp, runUntilSignal, giveBackMemoryWhenIdle }, { linkWorker }] = await Promise.all([
    loadApp(config),
    import('../../app/worker-link.ts'),
  ])
  const link = linkWorker(number)
  const app = await startApp(config, logger.child({ worker: number }), { link })
  giveBackMemoryWhenIdle()
  const stopped = runUntilSignal(
    app.close,
    link.retired.then(() => app.retire()),
  )
  link.served(app)
  await stopped
  link.leave()
}

async function keepWorkers(config: Config, say: Say): Promise<void> {
  const [logger, { createWorkers }, { runUntilSignal }] = await Promise.all([
    openLog(config),
    import('../../app/workers.ts'),
    import('../../app/until-signal.ts'),
  ])
  const workers = createWorkers({
    count: config.workers,
    args: process.argv.slice(2),
    endMs: 2 * config.drainMs + 10_000,
    logger,
  })
  const stopped = runUntilSignal(workers.close)
  const served = await workers.start()
  const isOnTerminal = process.stdin.isTTY || process.stdout.isTTY
  process.on('SIGHUP', () => {
    // A terminal that is closed sends it as well.
    if (isOnTerminal) return void process.kill(process.pid, 'SIGTERM')
    workers.restart().catch(error => logger.error({ err: error }, 'the workers were not all replaced'))
  })
  if (served !== undefined) await say(welcomeLines(config, served))
  await stopped
}

async function openLog(config: Config): Promise<Logger> {
  const { createLogger, prettyStream } = await import('../../logger.ts')
  const stream = config.logFormat === 'pretty' ? await prettyStream() : undefined
  return createLogger({ level: config.logLevel, ...(stream && { stream }) })
}

/**
 * The `daybook` command with `serve` alone; `createProgram` adds the others, which a server starts without. Faults are
 * thrown: nothing here ends the process.
 */
export function createServeProgram(surroundings: Surroundings): Command {
  const { stdout, stderr } = surroundings
  const program = new Command('daybook')
    .description('keeps the record of what workers, jobs, services and events did')
    .exitOverride()
    .configureOutput({
      writeOut: text => stdout.write(text),
      writeErr: text => stderr.write(text),
    })
  addSettingOptions(program, 'DAYBOOK_URL', 'DAYBOOK_TOKEN', 'DAYBOOK_PROFILE')
  addGlobalDisplayOptions(program)
  addServeCommand(program, surroundings)
  return program
}
