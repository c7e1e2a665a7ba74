import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { DaybookError, type WorkerOptions } from '../../client/client.ts'
import { readJsonOrFile } from '../argument/json-argument.ts'
import { durationOption } from '../argument/moment.ts'
import { addScheduleOptions, readSchedule, type ScheduleFlags } from '../argument/schedule-option.ts'
import { parseWholeNumber } from '../argument/whole-number.ts'
import { CommandFailure } from '../terminal/failure.ts'
import { visibleText } from '../terminal/visible-text.ts'

export interface DefinitionFlags extends ScheduleFlags {
  /** False: --no-route. */
  readonly route?: string | false
  readonly env?: string
  /** False: --no-open-env. */
  readonly openEnv?: readonly string[] | false
  /** False: --no-fetch-host. */
  readonly fetchHost?: readonly string[] | false
  readonly maxRunTime?: number
  readonly maxHeapSize?: number
  readonly maxStackSize?: number
  readonly runtimeCleanTime?: number
  readonly description?: string
}

/** The options that say what a script worker may do, and when it runs. */
export function addDefinitionOptions(command: Command): Command {
  command
    .option('--route <name>', 'publish onRoute under /worker-route/<name>')
    .option(
      '--env <json>',
      'what the script gets, or @file; values under a key "secrets" are never shown again',
    )
    .option('--open-env <member...>', 'the members of env that a run may replace')
    .option('--fetch-host <host...>', 'the hosts that the script may fetch from')
    .option('--max-run-time <time>', 'how long a run may take; else 30s', durationOption('--max-run-time'))
    .option('--max-heap-size <bytes>', 'else 8 MiB', parseWholeNumber)
    .option('--max-stack-size <bytes>', 'else 1 MiB', parseWholeNumber)
    .option(
      '--runtime-clean-time <time>',
      'how long a runtime stays warm; else 60s',
      durationOption('--runtime-clean-time'),
    )
  command.option('--description <text>', 'what it is for; an empty text: nothing')
  return addScheduleOptions(command)
}

/** What was given, as the server takes it. Throws UsageError, and the error of a file that cannot be read. */
export async function readDefinition(flags: DefinitionFlags): Promise<WorkerOptions> {
  const { route, env, openEnv, fetchHost, maxRunTime, maxHeapSize, maxStackSize, runtimeCleanTime } = flags
  return {
    ...(route !== undefined && { route_name: route === false ? null : route }),
    ...(env !== undefined && { env: await readJsonOrFile(env, '--env') }),
    ...(openEnv !== undefined && { open_env: openEnv === false ? null : openEnv }),
    ...(fetchHost !== undefined && { fetch_hosts: fetchHost === false ? null : fetchHost }),
    ...(maxRunTime !== undefined && { max_run_time: maxRunTime }),
    ...(maxHeapSize !== undefined && { max_heap_size: maxHeapSize }),
    ...(maxStackSize !== undefined && { max_stack_size: maxStackSize }),
    ...(runtimeCleanTime !== undefined && { runtime_clean_time: runtimeCleanTime }),
    ...(flags.description !== undefined && { description: flags.description || null }),
    ...readSchedule(flags),
  }
}

/** The source in a file, as base64. Throws the error of a file that cannot be read. */
export async function readScript(file: string): Promise<string> {
  return (await readFile(file)).toString('base64')
}

/** Runs `ask`; a syntax error of the script becomes a CommandFailure of `file:line:column`, as editors read it. */
export async function placingSyntaxError<T>(file: string | undefined, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof DaybookError) || error.reason !== 'script_syntax_error') throw error
    const { line, column } = error.data
    const message = error.message.replace(/^\w+: /, '').replace(/ \(line \d+, column \d+\)$/, '')
    throw new CommandFailure(visibleText(`${file}:${line}:${column}: ${message}`))
  }
}
