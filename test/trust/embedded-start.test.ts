import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { dataFolder, serveDaybook } from './daybook-process.ts'
import { peakMemory } from './memory.ts'

// A new one takes PGlite 1.2 GB and eight seconds of CPU by itself.
test.runIf(process.platform === 'linux')(
  'the first start of the embedded engine takes little memory and time',
  { timeout: 120_000 },
  async () => {
    const { pid } = await serveDaybook({ DAYBOOK_DATA: await dataFolder() })
    const memory = await peakMemory(pid)
    const seconds = await cpuSeconds(pid)
    process.stderr.write(`the first start: ${Math.round(memory)} MiB at most, ${seconds} CPU seconds\n`)
    expect(memory).toBeLessThan(700)
    // Three on an idle machine; time counts for more where others use the same cores.
    expect(seconds).toBeLessThan(6)
  },
)

/** proc_pid_stat(5): fields 14 and 15, in hundredths of a second. */
async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
