import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dataFolder } from './daybook-process.ts'

/** A run as a handler noted it when it began. */
export interface RecordedRun {
  readonly id: number
  readonly attempt: number
  /** Of the server. */
  readonly pid: number
}

export interface RecordingHandlers {
  /** For DAYBOOK_HANDLERS. */
  readonly folder: string
  /** In the order in which they began. */
  runs(): Promise<readonly RecordedRun[]>
}

/**
 * A folder with one local handler, for every sender, which notes that it runs; its first attempt takes `kwargs.ms`
 * milliseconds. It is tried again at once, as often as it takes.
 */
export async function recordingHandlers(fullName: string): Promise<RecordingHandlers> {
  const folder = await dataFolder()
  const file = join(await dataFolder(), 'runs')
  await writeFile(file, '')
  await writeFile(
    join(folder, 'recording.mjs'),
    `import { appendFileSync } from 'node:fs'
     import { setTimeout as sleep } from 'node:timers/promises'
     export default {
       fullName: ${JSON.stringify(fullName)},
       sender: '*',
       retry: { limit: 100, delayMs: 0, backoff: false },
       async run({ ms }, { id, attempt }) {
         appendFileSync(${JSON.stringify(file)}, id + ' ' + attempt + ' ' + process.pid + '\\n')
         if (attempt === 1) await sleep(ms)
         return { attempt }
       },
     }`,
  )
  return {
    folder,
    async runs() {
      const lines = (await readFile(file, 'utf8')).split('\n').filter(line => line !== '')
      return lines.map(line => {
        const [id = 0, attempt = 0, pid = 0] = line.split(' ').map(Number)
        return { id, attempt, pid }
      })
    },
  }
}
