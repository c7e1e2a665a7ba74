import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { copyStatement } from './copy-text.ts'
import type { CopyJob, Measurement } from './job.ts'
import { createMeter, type Meter } from './meter.ts'

/** Copies the job's batches into js_result over its connections and measures each statement up to its commit. */
export async function runCopyLoad(job: CopyJob): Promise<Measurement> {
  const clients = Array.from(
    { length: job.connections },
    () => new Client({ connectionString: job.databaseUrl }),
  )
  try {
    await Promise.all(clients.map(client => client.connect()))
    const meter = createMeter(job)
    const turns = statementsOf(job)
    meter.start()
    await Promise.all(clients.map(client => copyInTurn(client, turns, meter)))
    meter.stop()
    const measured = meter.read()
    return { ...measured, count: job.amount, errors: 0, firstError: undefined }
  } finally {
    await Promise.all(clients.map(client => client.end()))
  }
}

/** The batches of each statement. */
function* statementsOf({ batches, amount, batchesPerStatement }: CopyJob): Generator<readonly string[]> {
  for (let done = 0; done < amount; done += batchesPerStatement) {
    const length = Math.min(batchesPerStatement, amount - done)
    yield Array.from({ length }, (_, i) => batches[(done + i) % batches.length] ?? '')
  }
}

/** Takes statements from `turns`, which the connections share, until there are no more. */
async function copyInTurn(client: Client, turns: Iterator<readonly string[]>, meter: Meter): Promise<void> {
  for (let turn = turns.next(); !turn.done; turn = turns.next()) {
    const startedAt = performance.now()
    await pipeline(Readable.from(turn.value), client.query(copyFrom(copyStatement)))
    meter.record(performance.now() - startedAt)
  }
}
