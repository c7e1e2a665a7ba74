import type { Command } from 'commander'
import { type AppendedName, DaybookConnectionError, DaybookError, type NewRow } from '../client/client.ts'
import { type Batch, batchRows } from './batch.ts'
import { loadCatalogue } from './catalogue.ts'
import { CommandFailure } from './failure.ts'
import { readLines } from './read-lines.ts'
import { openSession, type Session } from './session.ts'
import type { Surroundings } from './surroundings.ts'

/** `daybook append RESOURCE < rows.ndjson`: adds a record for each line of stdin. */
export function addAppendCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('append')
    .description('add a record for each line of JSON that comes on stdin')
    .argument('<resource>', 'js-result, event-log, …')
    .action(async (name: string, _options: object, command: Command) => {
      const session = openSession(command, surroundings)
      const resource = (await loadCatalogue(session.client)).requireAppended(name)
      await session.output.record({ written: await appendAll(session, resource) })
    })
}

async function appendAll(session: Session, resource: AppendedName): Promise<number> {
  let written = 0
  try {
    for await (const batch of batchRows(readLines(session.stdin))) {
      await appendBatch(session, resource, batch)
      written += batch.rows.length
      await session.output.progress(`${written} rows written`)
    }
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error
    throw new CommandFailure(`${error.message}\n${written} rows written`)
  } finally {
    await session.output.endProgress()
  }
  return written
}

async function appendBatch({ client }: Session, resource: AppendedName, batch: Batch): Promise<void> {
  try {
    // The server judges rows; the type knows only those of this version.
    await client.append(resource, batch.rows as readonly NewRow<AppendedName>[])
  } catch (error) {
    throw nameLines(error, batch)
  }
}

/** Turns the server's `rows[3].start_time` into the line it came from. */
export function nameLines(error: unknown, { lines }: Batch): unknown {
  const span = `lines ${lines[0]} to ${lines.at(-1)}`
  if (error instanceof DaybookConnectionError) {
    return new CommandFailure(`${error.message}\n${span} may or may not have been written`)
  }
  if (!(error instanceof DaybookError)) return error
  const index = /^rows\[(\d+)\]/.exec(error.path ?? '')?.[1]
  const line = index === undefined ? undefined : lines[Number(index)]
  const place = line === undefined ? span : `line ${line}`
  return new CommandFailure(`${place}: error ${error.code} ${error.reason}: ${error.message}`)
}
