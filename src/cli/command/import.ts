import type { Command } from 'commander'
import type { ResourceName, Row } from '../../client/client.ts'
import { loadCatalogue } from '../argument/catalogue.ts'
import { resourceHelp } from '../argument/condition-session.ts'
import { type Line, linesOfFile, readLines } from '../argument/lines.ts'
import { type Batch, batchRows } from '../argument/rows.ts'
import { inSession, type Session } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { CommandFailure } from '../terminal/failure.ts'
import { createProgress } from '../terminal/progress.ts'
import { nameLines } from './append.ts'

/** `daybook import RESOURCE [FILE]`: takes back the NDJSON of an export. Run again after a fault it writes what is missing. */
export function addImportCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('import')
    .description('take back what export wrote as lines of JSON, under the same ids; run again it goes on')
    .argument('<resource>', resourceHelp)
    .argument('[file]', 'where the records are; stdin if absent')
    .action(
      inSession(surroundings, async (session, name: string, file: string | undefined) => {
        const resource = (await loadCatalogue(session.client)).requireResource(name)
        await session.output.record(
          await importAll(
            session,
            resource,
            file === undefined ? readLines(session.stdin) : linesOfFile(file),
          ),
        )
      }),
    )
}

interface Counts {
  readonly imported: number
  readonly skipped: number
}

async function importAll(
  session: Session,
  resource: ResourceName,
  lines: AsyncIterable<Line>,
): Promise<Counts> {
  const progress = createProgress(session.output, session)
  let counts: Counts = { imported: 0, skipped: 0 }
  try {
    for await (const batch of batchRows(lines)) {
      const { imported, skipped } = await importBatch(session, resource, batch)
      counts = { imported: counts.imported + imported, skipped: counts.skipped + skipped }
      await progress.show(counts.imported + counts.skipped)
    }
    return counts
  } catch (error) {
    await progress.end()
    if (!(error instanceof CommandFailure)) throw error
    throw new CommandFailure(
      `${error.message}\n${counts.imported} rows written, ${counts.skipped} were there`,
    )
  } finally {
    await progress.end()
  }
}

async function importBatch({ client }: Session, resource: ResourceName, batch: Batch): Promise<Counts> {
  try {
    // The server judges rows.
    return await client.import(resource, batch.rows as readonly Row<ResourceName>[])
  } catch (error) {
    throw nameLines(error, batch)
  }
}
