import { Logger, run } from 'graphile-worker'
import { PgBoss } from 'pg-boss'
import type { Measurement, QueueJob } from './job.ts'
import { createMeter } from './meter.ts'

/** A job queue in the process that makes the load, which is its server as well. */
interface JobQueue {
  add(payload: object): Promise<unknown>
  close(): Promise<void>
}

/** Adds jobs one by one, so many at a time, and measures until the last has been run. */
export async function runQueueLoad(job: QueueJob): Promise<Measurement> {
  const { amount, connections, postgresPid } = job
  let left = amount
  const ran = Promise.withResolvers<void>()
  const queue = await queues[job.library](job.databaseUrl, () => {
    if (--left === 0) ran.resolve()
  })
  try {
    const meter = createMeter({ serverPid: process.pid, postgresPid })
    let next = 0
    const addInTurn = async (): Promise<void> => {
      while (next < amount) {
        const startedAt = performance.now()
        await queue.add({ sender: 'bench.load', kwargs: { sent: Date.now(), i: next++ } })
        meter.record(performance.now() - startedAt)
      }
    }
    meter.start()
    const startedAt = performance.now()
    await Promise.all(Array.from({ length: connections }, addInTurn))
    await ran.promise
    const seconds = (performance.now() - startedAt) / 1000
    meter.stop()
    return { ...meter.read(), seconds, errors: 0, firstError: undefined }
  } finally {
    await queue.close()
  }
}

type StartQueue = (databaseUrl: string, onRun: () => void) => Promise<JobQueue>

/** Each set up for speed as its documents say. */
const queues: Readonly<Record<QueueJob['library'], StartQueue>> = {
  async 'graphile-worker'(connectionString, onRun) {
    const runner = await run({
      connectionString,
      taskList: { measured: async () => onRun() },
      noHandleSignals: true,
      preset: {
        worker: {
          concurrentJobs: 24,
          maxPoolSize: 10,
          pollInterval: 1000,
          localQueue: { size: 500 },
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
        },
      },
      logger: new Logger(() => () => undefined),
    })
    return { add: payload => runner.addJob('measured', payload), close: () => runner.stop() }
  },

  async 'pg-boss'(connectionString, onRun) {
    const boss = new PgBoss({ connectionString, max: 10 })
    boss.on('error', error => console.error(error))
    await boss.start()
    await boss.createQueue('measured')
    await boss.work('measured', { batchSize: 500, pollingIntervalSeconds: 0.5 }, async jobs => {
      for (const _ of jobs) onRun()
    })
    return { add: payload => boss.send('measured', payload), close: () => boss.stop({ graceful: false }) }
  },
}
