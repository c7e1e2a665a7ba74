import type { Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'
import { storableText } from '../json.ts'
import type { DeliveryError } from './destination.ts'
import type { StoredSink } from './sink.ts'

/** The sink now belongs to another server, was redefined, or is gone: this server must stop working on it. */
export class SinkLost extends Error {
  constructor() {
    super('the sink is not ours any more')
    this.name = 'SinkLost'
  }
}

/** One server's progress with a sink. Each write is fenced by the server's name and by what it wrote last. */
export interface Progress {
  /** The last number checked; the stored one lags by at most a second. */
  readonly cursor: number
  /** The target has everything up to `number`. Throws SinkLost. */
  confirm(number: number, delivered: number): Promise<void>
  /** Skips up to `number`: no change up to it matches. */
  skip(number: number): void
  /** Stores what was skipped, at most once a second unless it is the end. Throws SinkLost. */
  save(isEnd?: boolean): Promise<void>
  /**
   * A delivery failed; resolves to whether there will be another attempt, after `delayMs`. Throws SinkLost.
   */
  fail(error: DeliveryError, delayMs: number): Promise<boolean>
}

const mine = 'where id = $1 and owner = $2 and cursor = $3'

const confirmed = rawStatement(
  `update sink set cursor = $4, delivered = delivered + $5, last_delivered = now(), failures = 0, last_error = null,
     next_attempt_time = null ${mine}`,
)

const skipped = rawStatement(`update sink set cursor = $4 ${mine}`)

const failed = rawStatement(
  `update sink set failures = failures + 1, last_error = $4,
     state = case when state = 'running' and $6::text is not null then 'failed' else state end,
     fail_reason = case when state = 'running' then $6 else fail_reason end,
     owner = case when $6 is not null then null else owner end,
     next_attempt_time = case when state = 'running' and $6 is null
       then now() + $5::float8 * interval '1 millisecond' end
   ${mine} returning state = 'running'`,
)

const maxErrorCharacters = 1000

/** Skipping writes at most once in this time. */
const saveMs = 1000

export function createProgress(
  { run }: Pick<Runner, 'run'>,
  { id, cursor }: StoredSink,
  owner: string,
): Progress {
  let stored = cursor
  let seen = cursor
  let savedAt = Number.NEGATIVE_INFINITY

  return {
    get cursor() {
      return seen
    },
    async confirm(number, delivered) {
      const { affected } = await run(confirmed, [id, owner, stored, number, delivered])
      if (affected === 0) throw new SinkLost()
      stored = seen = number
    },
    skip(number) {
      seen = number
    },
    async save(isEnd = false) {
      const now = performance.now()
      if (seen === stored || (!isEnd && now < savedAt + saveMs)) return
      const { affected } = await run(skipped, [id, owner, stored, seen])
      if (affected === 0) throw new SinkLost()
      stored = seen
      savedAt = now
    },
    async fail({ message, lasting }, delayMs) {
      const text = storableText(message.slice(0, maxErrorCharacters))
      const { rows } = await run(failed, [id, owner, stored, text, delayMs, lasting ?? null])
      if (rows[0] === undefined) throw new SinkLost()
      return rows[0][0] === true
    },
  }
}
