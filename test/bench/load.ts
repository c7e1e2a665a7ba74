import { runCopyLoad } from './copy-load.ts'
import { runEventLoad } from './event-load.ts'
import { runHttpLoad } from './http-load.ts'
import type { Job, Measurement } from './job.ts'
import type { LoadAnswer } from './load-process.ts'
import { runQueueLoad } from './queue-load.ts'
import { runStreamLoad } from './stream-load.ts'

/** The process that makes the load: measures each job that its parent sends and sends the measurement back. */

process.on('message', async (job: Job) => {
  const answer: LoadAnswer = await run(job).then(
    measurement => ({ measurement }),
    error => ({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
  process.send?.(answer)
})

// What a job that failed has left open shall not keep it alive.
process.once('disconnect', () => process.exit())

function run(job: Job): Promise<Measurement> {
  switch (job.kind) {
    case 'http':
      return runHttpLoad(job)
    case 'copy':
      return runCopyLoad(job)
    case 'event':
      return runEventLoad(job)
    case 'queue':
      return runQueueLoad(job)
    case 'stream':
      return runStreamLoad(job)
  }
}
