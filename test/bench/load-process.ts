import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Job, Measurement } from './job.ts'

/** What the load process sends back. */
export type LoadAnswer = { readonly measurement: Measurement } | { readonly failure: string }

/** Makes load in a process of its own, so that its work is not the bench's. One job at a time. */
export interface LoadProcess {
  run(job: Job): Promise<Measurement>
  close(): Promise<void>
}

export function startLoadProcess(): LoadProcess {
  const child = fork(fileURLToPath(new URL('./load.ts', import.meta.url)), { serialization: 'advanced' })
  process.once('exit', () => child.kill('SIGKILL'))
  let current = Promise.withResolvers<LoadAnswer>()
  child.on('message', (answer: LoadAnswer) => current.resolve(answer))
  child.on('error', error => current.reject(error))
  child.once('exit', code => current.reject(new Error(`the load process ended with ${code}`)))

  return {
    async run(job) {
      current = Promise.withResolvers()
      child.send(job)
      const answer = await current.promise
      if ('failure' in answer) throw new Error(answer.failure)
      return answer.measurement
    },
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return
      current.promise.catch(() => undefined)
      const exited = once(child, 'exit')
      child.disconnect()
      await exited
    },
  }
}
