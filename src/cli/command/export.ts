import { type Command, Option } from 'commander'
import { DaybookConnectionError, DaybookError } from '../../client/client.ts'
import { addConditions, type ConditionSession } from '../argument/condition-session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { parseWholeNumber } from '../argument/whole-number.ts'
import { CommandFailure, UsageError } from '../terminal/failure.ts'
import { listenForInterrupt } from '../terminal/interrupt.ts'
import { createProgress } from '../terminal/progress.ts'
import { createRecordCutter, type RecordCutter } from '../terminal/record-cutter.ts'
import { commandToGoOn, type ExportCall } from './export-again.ts'
import { type ExportTarget, openExportTarget, type TargetFlags } from './export-target.ts'

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
    check({ bom, format }: TargetFlags) {
      if (bom === true && format !== 'csv') throw new UsageError('--bom is for --format csv')
    },
    act: (session, flags, typed) =>
      runExport(session, { ...flags, typed, global: command.optsWithGlobals() }),
  })
}

async function runExport(session: ConditionSession, call: ExportCall): Promise<void> {
  const { output } = session
  const cutter = createRecordCutter(call.format)
  const target = await openExportTarget(call, session)
  const interrupt = listenForInterrupt()
  const written = { rows: 0 }
  try {
    await writeRecords(session, call, { target, cutter, written, signal: interrupt.signal })
  } catch (error) {
    await target.giveUp()
    if (written.rows === 0 && !interrupt.signal.aborted) throw error
    const key = cutter.lastKey() ?? call.after
    const command = commandToGoOn(session, call, key)
    const goOn = command === undefined ? 'begin again' : `this goes on:\n  ${command}`
    throw cutOff(error, `${written.rows} rows; ${goOn}`, interrupt.signal.aborted)
  } finally {
    interrupt.release()
  }
  await target.finish()
  if (call.output !== undefined) return output.note(`${written.rows} rows written`)
  if (written.rows === 0) await output.note('no record fulfils the conditions')
}

interface Writing {
  readonly target: ExportTarget
  readonly cutter: RecordCutter
  /** Counts them. */
  readonly written: { rows: number }
  readonly signal: AbortSignal
}

/** Whole records only: the last of them says where to go on. */
async function writeRecords(
  session: ConditionSession,
  { format, after, bom }: ExportCall,
  { target, cutter, written, signal }: Writing,
): Promise<void> {
  const { client, resource, condition } = session
  const progress = createProgress(session.output, session)
  try {
    for await (const chunk of client.export(resource, condition, { format, signal, bom, after })) {
      const { bytes, records } = cutter.push(chunk)
      await target.write(bytes)
      written.rows += records
      await progress.show(written.rows)
    }
  } finally {
    await progress.end()
  }
}

function cutOff(error: unknown, rest: string, isStopped: boolean): unknown {
  if (isStopped) return new CommandFailure(`stopped after ${rest}`)
  if (!(error instanceof DaybookConnectionError || error instanceof DaybookError)) return error
  return new CommandFailure(`${error.message}\nthe export was cut off after ${rest}`)
}
