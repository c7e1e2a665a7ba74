import { type Column, member, type Row } from './column.ts'

const id = member('id')
const kind = member('run_type', 'kind')
const start = member('start_time', 'start')
const failure = member('error_message', 'error', 'line')

/** From start to finish; null while it runs. */
const duration: Column = {
  title: 'duration',
  kind: 'duration',
  read: ({ start_time: start, finish_time: finish }) =>
    typeof start === 'number' && typeof finish === 'number' ? finish - start : null,
}

/** As the conditions is_failure, is_running and is_success define it. */
const runState: Column = { title: 'state', kind: 'state', read: stateOfRun }

function stateOfRun({ error_message: error, result }: Row): string {
  if (error !== null && error !== undefined) return 'failure'
  return result === null || result === undefined ? 'running' : 'success'
}

/** The columns that fit into 80 cells, by resource; other resources show every member that is not a payload. */
export const recordColumns: ReadonlyMap<string, readonly Column[]> = new Map([
  ['js-result', [id, member('js_worker_name', 'name'), kind, runState, start, duration, failure]],
  ['event-log', [id, member('full_name', 'name'), kind, member('status', 'state'), start, duration, failure]],
  [
    'service-event',
    [
      id,
      member('service_name', 'name'),
      member('event_type', 'kind', 'state'),
      member('occur_time', 'time'),
      member('event_info', 'info', 'line'),
    ],
  ],
  [
    'execution-event',
    [
      id,
      member('execution_id', 'execution'),
      member('reason'),
      member('type', 'kind', 'state'),
      member('last_timestamp', 'last'),
      member('count'),
      member('message', 'message', 'line'),
    ],
  ],
  [
    'change-event',
    [
      member('sequence_number', 'number'),
      member('event_type', 'kind'),
      member('full_folder_path', 'folder'),
      member('timestamp', 'time'),
    ],
  ],
  [
    'audit-log',
    [
      member('time', 'time', 'time'),
      member('token_key', 'who'),
      member('method'),
      member('affected', 'rows'),
      member('outcome', 'outcome', 'state'),
      member('reason', 'reason', 'line'),
    ],
  ],
])

/** The columns of records that an event or a replay set off. */
export const startedColumns: readonly Column[] = [
  id,
  member('full_name', 'name'),
  member('status', 'state'),
  member('attempt'),
  member('result'),
  failure,
]
