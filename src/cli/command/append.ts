import type { Command } from 'commander'
import {
  type AppendedName,
  DaybookConnectionError,
  DaybookError,
  type NewRow,
  type ResourceName,
  type Row,
} from '../../client/client.ts'
import { loadCatalogue } from '../argument/catalogue.ts'
import { resourceHelp } from '../argument/condition-session.ts'
import { linesOfFile, readLines } from '../argument/lines.ts'
import { type Batch, batchRows, type RowSource, rowSource } from '../argument/rows.ts'
import { inSession, type Session } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { CommandFailure } from '../terminal/failure.ts'
import { createProgress } from '../terminal/progress.ts'

const help = `
  daybook append js-result '{"js_worker_name":"nightly","result":1}'
  daybook append js-result @runs.ndjson
  my-program | daybook append js-result`

/** `daybook append RESOURCE [ROW…]`: adds records: arguments, or the lines of a file or of stdin. */
export function addAppendCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('append')
    .description('add records: as JSON arguments, or as NDJSON from a file or stdin')
    .argument('<resource>', resourceHelp)
    .argument('[rows...]', 'a JSON object or a list of them, @FILE, or - for stdin (the default)')
    .addHelpText('after', help)
    .action(
      inSession(surroundings, async (session, name: string, rows: string[]) => {
        const source = rowSource(rows, surroundings)
        const resource = (await loadCatalogue(session.client)).requireAppended(name)
        const isTyped = rows.length === 0 && session.stdin.isTTY === true
        if (isTyped) await session.output.note('a record on each line, as JSON; Ctrl-D ends')
        await session.output.record(await append(session, resource, source))
      }),
    )
}

async function append({ client, output }: Session, resource: AppendedName, source: RowSource) {
  let written = 0
  // Rows typed as arguments take no time.
  const isLong = source.unit === 'line'
  const send = async (rows: readonly object[]): Promise<void> => {
    // The server judges rows; the type knows only those of this version.
    await client.append(resource, rows as readonly NewRow<AppendedName>[])
    written += rows.length
    if (isLong) await output.progress(`${written} rows written`)
  }
  try {
    await sendRows(source, send, () => `${written} rows written`)
  } finally {
    if (isLong) await output.endProgress()
  }
  return { written }
}

/** `daybook import RESOURCE [FILE]`: imports the NDJSON of an export. Run again after a fault, it writes what is missing. */
export function addImportCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('import')
    .description('import records that export wrote as NDJSON, under the same ids; run it again to resume')
    .argument('<resource>', resourceHelp)
    .argument('[file]', 'the file to read; stdin if absent')
    .action(
      inSession(surroundings, async (session, name: string, file: string | undefined) => {
        const resource = (await loadCatalogue(session.client)).requireResource(name)
        const lines = file === undefined ? readLines(session.stdin) : linesOfFile(file)
        await session.output.record(await takeBack(session, resource, lines))
      }),
    )
}

async function takeBack(session: Session, resource: ResourceName, lines: RowSource['lines']) {
  const { client, output } = session
  const progress = createProgress(output, session)
  let imported = 0
  let skipped = 0
  const send = async (rows: readonly object[]): Promise<void> => {
    // The server judges rows.
    const counts = await client.import(resource, rows as readonly Row<ResourceName>[])
    imported += counts.imported
    skipped += counts.skipped
    await progress.show(imported + skipped)
  }
  try {
    await sendRows({ lines, unit: 'line' }, send, () => `${imported} rows written, ${skipped} were there`)
  } finally {
    await progress.end()
  }
  return { imported, skipped }
}

/** Sends rows batch by batch. Throws CommandFailure that names the lines at fault and says what was `done` before. */
async function sendRows(
  { lines, unit }: RowSource,
  send: (rows: readonly object[]) => Promise<void>,
  done: () => string,
): Promise<void> {
  try {
    for await (const batch of batchRows(lines)) {
      await send(batch.rows).catch(error => {
        throw nameLines(error, batch, unit)
      })
    }
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error
    throw new CommandFailure(`${error.message}\n${done()}`)
  }
}

/** Turns the server's `rows[3].start_time` into the line it came from. */
function nameLines(error: unknown, { lines }: Batch, unit: RowSource['unit']): unknown {
  const span = `${unit}s ${lines[0]} to ${lines.at(-1)}`
  if (error instanceof DaybookConnectionError) {
    return new CommandFailure(`${error.message}\n${span} may or may not have been written`)
  }
  if (!(error instanceof DaybookError)) return error
  const index = /^rows\[(\d+)\]/.exec(error.path ?? '')?.[1]
  const line = index === undefined ? undefined : lines[Number(index)]
  const place = line === undefined ? span : `${unit} ${line}`
  return new CommandFailure(`${place}: error ${error.code} ${error.reason}: ${error.message}`)
}
