import { type Command, Option } from 'commander'
import { DaybookConnectionError, DaybookError } from '../../client/client.ts'
import { addConditions, type ConditionSession } from '../argument/condition-session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { parseWholeNumber } from '../argument/whole-number.ts'
import { CommandFailure, UsageError } from '../terminal/failure.ts'
import { listenForInterrupt } from '../terminal/interrupt.ts'
import { createProgress } from '../terminal/progress.ts'
import { createRecordCutter } from '../terminal/record-cutter.ts'
import { commandToGoOn, type ExportCall } from './export-again.ts'
import { type ExportFlags, openExportOutput } from './export-output.ts'

/** `daybook export RESOURCE [CONDITION…]`: every record that fulfils all conditions, oldest first, to a file or a pipe. */
export function addExportCommand(program: Command, surroundings: Surroundings): void {
  const command = program
    .command('export')
    .description('write every record that fulfils all conditions, oldest first')
    .addOption(
      new Option('--format <format>', 'lines of JSON, or CSV').choices(['ndjson', 'csv']).default('ndjson'),
    )
    .option('--output <file>', 'write to this file (FILE.part until it is complete), not to stdout')
    .option('--bom', 'start CSV with a byte order mark, so that spreadsheets read it as UTF-8')
    .option('--after <key>', 'start after this key and append to the file', parseWholeNumber)
  addConditions(command, surroundings, {
    check({ bom, format }: ExportFlags) {
      if (bom === true && format !== 'csv') throw new UsageError('--bom is for --format csv')
    },
    act: (session, flags, typed) =>
      runExport(session, { ...flags, typed, global: command.optsWithGlobals() }),
  })
}

async function runExport(session: ConditionSession, call: ExportCall): Promise<void> {
  const { client, output, resource, condition } = session
  const { format, after, bom } = call
  const cutter = createRecordCutter(format)
  const out = await openExportOutput(call, session)
  const { signal, release } = listenForInterrupt()
  const progress = createProgress(output, session)
  let written = 0
  try {
    for await (const chunk of client.export(resource, condition, { format, signal, bom, after })) {
      // Whole records only: the last one says where to resume.
      const { bytes, records } = cutter.push(chunk)
      await out.write(bytes)
      written += records
      await progress.show(written)
    }
  } catch (error) {
    await out.giveUp()
    if (written === 0 && !signal.aborted) throw error
    const command = commandToGoOn(session, call, cutter.lastKey() ?? after)
    const goOn = command === undefined ? 'begin again' : `this goes on:\n  ${command}`
    throw cutOff(error, `${written} rows; ${goOn}`, signal.aborted)
  } finally {
    await progress.end()
    release()
  }
  await out.finish()
  if (call.output !== undefined) return output.note(`${written} rows written`)
  if (written === 0) await output.note('no record fulfils the conditions')
}

function cutOff(error: unknown, rest: string, isStopped: boolean): unknown {
  if (isStopped) return new CommandFailure(`stopped after ${rest}`)
  if (!(error instanceof DaybookConnectionError || error instanceof DaybookError)) return error
  return new CommandFailure(`${error.message}\nthe export was cut off after ${rest}`)
}
