import { z } from 'zod'
import { beyond } from '../../condition/cursor.ts'
import type { Predicate } from '../../condition/predicate.ts'
import { hasReason, RpcError } from '../../errors.ts'
import { JsonText, stringifyJson } from '../../json.ts'
import { defineMethod, type Method } from '../../method/method.ts'
import { type LogMethodDeps, readerOf, walkerOf } from '../../method/record/record-method.ts'
import { lookedUpNameSchema } from '../../permission/name.ts'
import { executionEvent } from '../../resource/kind/execution-event.ts'
import type { Resource } from '../../resource/resource.ts'
import { arrayText, type Reader, readPlacedRows } from '../../resource/select/read.ts'
import type { Selection } from '../../resource/select/selection.ts'
import { fieldsOf, readablePredicates } from '../rest-rows.ts'
import { eventOf, eventSchema } from './event-shape.ts'

/** The same records in the order in which they happened first; its name keeps its statements apart. */
const byFirst: Resource = {
  ...executionEvent,
  name: `${executionEvent.name} by first_timestamp`,
  ordering: { time: 'first_timestamp', timeNullable: false, key: 'id' },
}

const eventFields = fieldsOf(
  executionEvent,
  executionEvent.fields.map(field => field.name).filter(name => name !== 'id' && name !== 'execution_id'),
)

const pageSize = 1000

/** What an answer may take where nothing else is configured. */
const defaultMaxBytes = 10 * 1024 * 1024

/** All events of an execution, by firstTimestamp, those of one moment by id (seed 003). */
export function readEventsMethod(name: string, log: LogMethodDeps): Method {
  const maxBytes = log.maxAnswerBytes ?? defaultMaxBytes
  const reader = { ...readerOf(byFirst, log), maxBytes }
  return defineMethod({
    name,
    summary: 'The events of an execution',
    params: { execution_id: lookedUpNameSchema },
    result: z.array(eventSchema),
    credentialParams: [],
    async handle({ params: { execution_id }, caller }) {
      const predicates = readablePredicates(executionEvent, [{ execution_id }], caller)
      const events: string[] = []
      let left = maxBytes
      for await (const text of walkRows(walkerOf(reader, log.database), predicates)) {
        const event = stringifyJson(eventOf(text))
        left -= Buffer.byteLength(event) + 1
        if (left < 0) throw answerTooLarge()
        events.push(event)
      }
      log.onRows(executionEvent.name, 'returned', events.length)
      return new JsonText(arrayText(events))
    },
  })
}

async function* walkRows(reader: Reader, predicates: readonly Predicate[]): AsyncGenerator<string> {
  let segments: Selection['segments'] = [predicates]
  for (;;) {
    const selection = { segments, names: undefined, order: 'oldest', limit: pageSize } as const
    const rows = await readPlacedRows(reader, selection, eventFields).catch(rethrow)
    for (const { text } of rows) yield text
    const last = rows.at(-1)
    if (last === undefined || rows.length < pageSize) return
    segments = beyond({ order: 'oldest', ...last }, byFirst.ordering).map(start => [...predicates, start])
  }
}

/** A row is smaller than its event: where a page of rows is too large, so is the answer. */
function rethrow(error: unknown): never {
  throw hasReason(error, 'answer_too_large') ? answerTooLarge() : error
}

function answerTooLarge(): RpcError {
  const message = 'the answer is too large; read the events with execution-event_page'
  return new RpcError('answer_too_large', message, { retryable: false })
}
