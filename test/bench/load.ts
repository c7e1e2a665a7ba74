import { runCopyLoad } from './copy-load.ts'
import { runHttpLoad } from './http-load.ts'
import type { Job, Measurement } from './job.ts'
import type { LoadAnswer } from './load-process.ts'
import { runStreamLoad } from './stream-load.ts'

/** The process that makes the load: measures each job that its parent sends and sends the measurement back. */

process.on('message', async (job: Job) => {
  const answer: LoadAnswer = await run(job).then(
    measurement => ({ measurement }),
    error => ({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
  process.send?.(answer)
})

function run(job: Job): Promise<Measurement> {
  if (job.kind === 'stream') return runStreamLoad(job)
  return job.kind === 'http' ? runHttpLoad(job) : runCopyLoad(job)
}
