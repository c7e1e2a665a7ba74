import { z } from 'zod'
import { hasReason, RpcError } from '../../errors.ts'
import { JsonText, stringifyJson } from '../../json.ts'
import { defineMethod, type Method } from '../../method/method.ts'
import { lookedUpNameSchema, nameSchema } from '../../permission/name.ts'
import { executionEvent } from '../../resource/kind/execution-event.ts'
import type { RecordService } from '../../resource/records.ts'
import type { Resource } from '../../resource/resource.ts'
import { type Found, walkFound } from '../../resource/select/found.ts'
import { arrayText } from '../../resource/select/read.ts'
import { restErrors } from '../rest/errors.ts'
import { oneOrMany, recordedSchema } from '../rest/one-or-many.ts'
import type { RestRoute } from '../rest/route.ts'
import { eventOf, eventSchema } from './event-shape.ts'
import { newEventSchema } from './new-event.ts'

/** The execution events of GCS, over the records of execution-event. */
export function gcsRoute(records: RecordService): RestRoute {
  const path = '/v1/executions/{execution_id}/events'
  return {
    path,
    errors: restErrors('GCS'),
    get: readEventsMethod(`GET ${path}`, records),
    post: recordEventsMethod(`POST ${path}`, records),
  }
}

/** The same records in the order in which they happened first; its name keeps its statements apart. */
const byFirst: Resource = {
  ...executionEvent,
  name: `${executionEvent.name} by first_timestamp`,
  ordering: { time: 'first_timestamp', timeNullable: false, key: 'id' },
}

const eventFields = executionEvent.fields
  .map(field => field.name)
  .filter(name => name !== 'id' && name !== 'execution_id')

const pageSize = 1000

/** What an answer may take where nothing else is configured. */
const defaultMaxBytes = 10 * 1024 * 1024

/** All events of an execution, by firstTimestamp, those of one moment by id. */
function readEventsMethod(name: string, service: RecordService): Method {
  const { maxAnswerBytes: maxBytes = defaultMaxBytes, onRows } = service
  const records = service.of(byFirst)
  return defineMethod({
    name,
    summary: 'The events of an execution',
    params: { execution_id: lookedUpNameSchema },
    result: z.array(eventSchema),
    credentialParams: [],
    async handle({ params: { execution_id }, caller }) {
      const found = records.find(caller, [{ execution_id }])
      const events: string[] = []
      let left = maxBytes
      for await (const text of eventTexts(found, maxBytes)) {
        const event = stringifyJson(eventOf(text))
        left -= Buffer.byteLength(event) + 1
        if (left < 0) throw answerTooLarge()
        events.push(event)
      }
      onRows(executionEvent.name, 'returned', events.length)
      return new JsonText(arrayText(events))
    },
  })
}

async function* eventTexts(found: Found, maxBytes: number): AsyncGenerator<string> {
  const options = { order: 'oldest', size: pageSize, fields: eventFields, maxBytes } as const
  try {
    for await (const rows of walkFound(found, options)) for (const { text } of rows) yield text
  } catch (error) {
    // A row is smaller than its event: where a page of rows is too large, so is the answer.
    throw hasReason(error, 'answer_too_large') ? answerTooLarge() : error
  }
}

function answerTooLarge(): RpcError {
  const message = 'the answer is too large; read the events with execution-event_page'
  return new RpcError('answer_too_large', message, { retryable: false })
}

const anything = z.unknown().optional()

/** One event, an array, or a list as `kubectl get -o json` prints it. */
const body = oneOrMany(newEventSchema, {
  array: true,
  member: 'items',
  beside: { apiVersion: anything, kind: anything, metadata: anything },
})

/** Records events of the execution that the path names: one without a count adds to the same one, a running count is kept. */
function recordEventsMethod(name: string, { of }: RecordService): Method {
  const records = of(executionEvent)
  return defineMethod({
    name,
    summary: 'Records events of an execution',
    params: { execution_id: nameSchema, body },
    result: recordedSchema,
    credentialParams: [],
    async handle({ params: { execution_id, body }, caller }) {
      const rows = body.map(event => ({ ...event, row: { ...event.row, execution_id } }))
      return records.mirror(caller, execution_id, rows)
    },
  })
}
