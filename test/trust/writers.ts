import type { NewRow } from '../../src/client/client.ts'
import { createClient, DaybookConnectionError, DaybookError } from '../../src/client/client.ts'
import { superToken } from './daybook-process.ts'

export type Row = NewRow<'js-result'>

/** One append as its client knows it: `ids` once it is acknowledged. */
export interface Append {
  readonly number: number
  readonly rows: readonly Row[]
  ids: readonly number[] | undefined
}

export interface Writers {
  readonly appends: readonly Append[]
  /** How many appends were acknowledged. */
  acknowledged(): number
  /** What appends were answered with instead of ids. */
  readonly refusals: readonly DaybookError[]
  /** Resolves to why a client stopped before it was told to: the connection was lost, or no answer came in time. */
  readonly lost: Promise<readonly DaybookConnectionError[]>
  /** Lets every client wait for its last answer, then ends it. */
  stop(): Promise<void>
}

export interface WriterOptions {
  readonly url: string
  /** The number of the first append; each row holds its append's. */
  readonly firstNumber?: number
  readonly onAcknowledged?: (count: number) => void
}

/** How the clients write: rows of an append, appends of a JSON-RPC batch (1: no batch). */
const clients = [
  { rows: 1, batch: 1 },
  { rows: 1, batch: 1 },
  { rows: 1, batch: 1 },
  { rows: 20, batch: 1 },
  { rows: 1, batch: 10 },
  { rows: 5, batch: 4 },
]

/** A server that was killed closes its connections: this is for one that hangs, not for a busy machine. */
const answerTimeoutMs = 120_000
const pauseMs = 20

/** Several clients that append without a pause, until they are stopped or their connection is lost. */
export function startWriters({ url, firstNumber = 0, onAcknowledged }: WriterOptions): Writers {
  const appends: Append[] = []
  const refusals: DaybookError[] = []
  let acknowledged = 0
  let isStopped = false

  function newAppend(size: number, writer: number): Append {
    const number = firstNumber + appends.length
    const rows = Array.from({ length: size }, (_, index) => makeRow(number, index, writer))
    const append: Append = { number, rows, ids: undefined }
    appends.push(append)
    return append
  }

  function settle(append: Append, outcome: readonly number[] | DaybookError): void {
    if (outcome instanceof DaybookError) {
      refusals.push(outcome)
      return
    }
    append.ids = outcome
    acknowledged += 1
    onAcknowledged?.(acknowledged)
  }

  async function write({ rows, batch }: (typeof clients)[number], writer: number): Promise<void> {
    while (!isStopped) {
      const group = Array.from({ length: batch }, () => newAppend(rows, writer))
      const outcomes = await send(url, group)
      for (const [i, append] of group.entries()) {
        const outcome = outcomes[i]
        if (outcome !== undefined) settle(append, outcome)
      }
      if (outcomes.some(outcome => outcome instanceof DaybookError)) await pause()
    }
  }

  const lost: DaybookConnectionError[] = []
  const ends = clients.map((client, writer) =>
    write(client, writer).catch(error => {
      if (!(error instanceof DaybookConnectionError)) throw error
      lost.push(error)
    }),
  )
  const ended = Promise.all(ends)
  return {
    appends,
    refusals,
    acknowledged: () => acknowledged,
    lost: ended.then(() => lost),
    async stop() {
      isStopped = true
      await ended
    },
  }
}

function makeRow(append: number, index: number, writer: number): Row {
  return {
    js_worker_id: writer,
    js_worker_name: `worker_${writer}`,
    run_type: 'call',
    start_time: 1_700_000_000_000 + append,
    finish_time: null,
    param: { append, index, text: `"ä\\u00e9'${append}'` },
    result: index % 2 === 0 ? { value: [append, index] } : null,
    error_message: index % 2 === 0 ? null : `fault ${append}`,
  }
}

type Outcome = readonly number[] | DaybookError

/** Sends the appends as one request, or as one batch of several. Throws DaybookConnectionError. */
async function send(url: string, group: readonly Append[]): Promise<readonly Outcome[]> {
  const [only, ...others] = group
  if (only !== undefined && others.length === 0) return [await sendOne(url, only)]
  const requests = group.map(({ rows, number }) => ({
    jsonrpc: '2.0',
    method: 'js-result_append',
    params: { token: superToken, rows },
    id: number,
  }))
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(requests),
      signal: AbortSignal.timeout(answerTimeoutMs),
    })
    return readBatch((await answer.json()) as readonly BatchAnswer[], group)
  } catch (cause) {
    throw new DaybookConnectionError(String(cause), { cause })
  }
}

interface BatchAnswer {
  readonly id: number
  readonly result?: { readonly ids: readonly number[] }
  readonly error?: ConstructorParameters<typeof DaybookError>[0]
}

function readBatch(answers: readonly BatchAnswer[], group: readonly Append[]): readonly Outcome[] {
  return group.map(({ number }) => {
    const answer = answers.find(({ id }) => id === number)
    if (answer?.result !== undefined) return answer.result.ids
    if (answer?.error !== undefined) return new DaybookError(answer.error)
    throw new Error(`append ${number} of a batch got no answer`)
  })
}

async function sendOne(url: string, { rows }: Append): Promise<Outcome> {
  const client = createClient({ url, token: superToken, timeoutMs: answerTimeoutMs })
  return client.append('js-result', rows).catch(error => {
    if (error instanceof DaybookError) return error
    throw error
  })
}

function pause(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, pauseMs))
}
