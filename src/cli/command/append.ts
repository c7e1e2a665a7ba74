import type { Command } from 'commander'
import { type AppendedName, DaybookConnectionError, DaybookError, type NewRow } from '../../client/client.ts'
import { loadCatalogue } from '../argument/catalogue.ts'
import { resourceHelp } from '../argument/condition-session.ts'
import { type Batch, batchRows, type RowSource, rowSource } from '../argument/rows.ts'
import { inSession, type Session } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { CommandFailure } from '../terminal/failure.ts'

const help = `
  daybook append js-result '{"js_worker_name":"nightly","result":1}'
  daybook append js-result @runs.ndjson
  my-program | daybook append js-result`

/** `daybook append RESOURCE [ROW…]`: adds records: arguments, or the lines of a file or of stdin. */
export function addAppendCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('append')
    .description('add records: as JSON, or a line of JSON each from a file or stdin')
    .argument('<resource>', resourceHelp)
    .argument('[rows...]', 'a JSON object or a list of them, @FILE, or - for stdin, as without any')
    .addHelpText('after', help)
    .action(
      inSession(surroundings, async (session, name: string, rows: string[]) => {
        const source = rowSource(rows, surroundings)
        const resource = (await loadCatalogue(session.client)).requireAppended(name)
        const isTyped = rows.length === 0 && session.stdin.isTTY === true
        if (isTyped) await session.output.note('a record on each line, as JSON; Ctrl-D ends')
        await session.output.record({ written: await appendAll(session, resource, source) })
      }),
    )
}

async function appendAll(session: Session, resource: AppendedName, source: RowSource): Promise<number> {
  let written = 0
  try {
    for await (const batch of batchRows(source.lines)) {
      await appendBatch(session, resource, batch, source.unit)
      written += batch.rows.length
      // What was typed as an argument is no long work.
      if (source.unit === 'line') await session.output.progress(`${written} rows written`)
    }
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error
    throw new CommandFailure(`${error.message}\n${written} rows written`)
  } finally {
    if (source.unit === 'line') await session.output.endProgress()
  }
  return written
}

async function appendBatch(
  { client }: Session,
  resource: AppendedName,
  batch: Batch,
  unit: RowSource['unit'],
): Promise<void> {
  try {
    // The server judges rows; the type knows only those of this version.
    await client.append(resource, batch.rows as readonly NewRow<AppendedName>[])
  } catch (error) {
    throw nameLines(error, batch, unit)
  }
}

/** Turns the server's `rows[3].start_time` into the line it came from. */
export function nameLines(error: unknown, { lines }: Batch, unit: RowSource['unit'] = 'line'): unknown {
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
