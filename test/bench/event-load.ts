import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { runHttpLoad } from './http-load.ts'
import type { EventJob, Measurement } from './job.ts'
import { createMeter } from './meter.ts'

const waiting = `select from event_log where id > $1 and status in ('waiting', 'running') limit 1`

/** Sends the events by HTTP and measures until the last has been run. */
export async function runEventLoad(job: EventJob): Promise<Measurement> {
  const { http, databaseUrl } = job
  const database = new Client({ connectionString: databaseUrl })
  await database.connect()
  try {
    const { rows } = await database.query<{ id: string }>('select coalesce(max(id), 0) as id from event_log')
    const isLeft = async (): Promise<boolean> => (await database.query(waiting, [rows[0]?.id])).rowCount !== 0
    const meter = createMeter(http)
    meter.start()
    const startedAt = performance.now()
    const sent = await runHttpLoad(http)
    while (await isLeft()) await sleep(10)
    meter.record(performance.now() - startedAt)
    meter.stop()
    const { seconds, cpu } = meter.read()
    return { ...sent, seconds, cpu }
  } finally {
    await database.end()
  }
}
