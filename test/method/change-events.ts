import type { Database } from '../../src/database/database.ts'
import { rawStatement } from '../../src/database/statement.ts'
import { createStatementCache } from '../../src/database/statement-cache.ts'
import { parseJson, stringifyJson } from '../../src/json.ts'
import { changeEventMethods } from '../../src/method/change-event.ts'
import { invoke } from '../../src/method/invoke.ts'
import { recordMethods } from '../../src/method/record.ts'
import type { Identity } from '../../src/permission/grant.ts'
import type { Envelope } from '../../src/resource/change-event/envelope.ts'
import { changeEvent } from '../../src/resource/kind/change-event.ts'
import { createRecordService } from '../../src/resource/records.ts'
import { superToken } from '../resource/caller.ts'

/** A server's change events without its sequencer. */
export interface TestChangeEvents {
  /** Calls a method of change events; answers what the client would read. The super token calls if nobody is named. */
  call<Answer>(method: string, params: unknown, caller?: Identity): Promise<Answer>
  /** Numbers what is committed. */
  number(): Promise<void>
  /** Numbers what is committed, and answers all envelopes behind a number, oldest first. */
  envelopes(after?: number): Promise<readonly Envelope[]>
}

const number = rawStatement('select number_changes(1000)')

export interface ChangeEventsOptions {
  readonly clock?: () => number
  /** Told of the rows that calls returned, deleted or appended. */
  readonly onRows?: (resource: string, verb: string, count: number) => void
}

export function createChangeEvents(
  database: Database,
  { clock = Date.now, onRows = () => undefined }: ChangeEventsOptions = {},
): TestChangeEvents {
  const cache = createStatementCache()
  const records = createRecordService({ database, cache, clock, maxConditions: 100, onRows })
  const all = [...recordMethods(records.of(changeEvent)), ...changeEventMethods(records)]
  const methods = new Map(all.map(method => [method.name, method]))

  const call: TestChangeEvents['call'] = async (name, params, caller = superToken) => {
    const method = methods.get(`change-event_${name}`)
    if (method === undefined) throw new TypeError(`no method ${name}`)
    const context = { bearer: undefined, correlationId: 'test' }
    return parseJson(stringifyJson(await invoke(method, params, context, async () => caller))) as never
  }

  async function numberAll(): Promise<void> {
    let moved: number
    do moved = Number((await database.run(number, [])).rows[0]?.[0])
    while (moved !== 0)
  }

  return {
    call,
    number: numberAll,
    async envelopes(after = 0) {
      await numberAll()
      const params = { query: { condition: [{ limit: 1000 }] }, after }
      const { envelopes, next } = await call<{ envelopes: Envelope[]; next: null }>('envelopes', params)
      if (next !== null) throw new Error('there are more than a thousand')
      return envelopes
    },
  }
}
