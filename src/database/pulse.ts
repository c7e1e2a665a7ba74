import { repeat } from '../async/repeat.ts'
import { onOwnBehalf } from '../fairness/behalf.ts'
import type { Runner } from './database.ts'
import { rawStatement, type Statement } from './statement.ts'
import { safely } from './wakes.ts'

/** Asks all questions of Database.everySecond in one statement, so that an idle server hardly works. */
export interface Pulse {
  /** See Database.everySecond. */
  ask(question: string, told: (answer: unknown) => void): () => void
  stop(): Promise<void>
}

export interface PulseOptions extends Pick<Runner, 'run'> {
  readonly onError: (error: unknown) => void
  readonly everyMs?: number
}

export function createPulse({ run, onError, everyMs = 1000 }: PulseOptions): Pulse {
  const asked = new Map<object, { readonly question: string; readonly told: (answer: unknown) => void }>()
  let statement: Statement | undefined

  async function beat(): Promise<void> {
    const all = [...asked]
    if (all.length === 0) return
    statement ??= rawStatement(`select ${all.map(([, { question }]) => question).join(', ')}`)
    const current = statement
    const { rows } = await onOwnBehalf(() => run(current, []))
    for (const [i, [key, { told }]] of all.entries()) {
      if (asked.has(key)) safely(() => told(rows[0]?.[i]), onError)()
    }
  }

  const beating = repeat(everyMs, beat, onError)
  return {
    ask(question, told) {
      const key = {}
      asked.set(key, { question, told })
      statement = undefined
      return () => {
        asked.delete(key)
        statement = undefined
      }
    },
    stop: () => beating.stop(),
  }
}
