import type { Clock } from '../async/clock.ts'
import { channels, notifySql } from '../database/channels.ts'
import type { Runner } from '../database/database.ts'
import { nextId } from '../database/next-id.ts'
import { rawStatement } from '../database/statement.ts'
import type { ConsoleLevel } from '../sandbox/sandbox.ts'

/** An event that a handler takes: one row of event_log. */
export interface HandledEvent {
  readonly id: number
  /** The handler's full name. */
  readonly fullName: string
}

/** The run whose script writes to its console. */
export interface ConsoleRun {
  /** Of its js-result row. */
  readonly id: number
  /** The server that runs it. */
  readonly owner: string
  /** The chain of events that it belongs to. */
  readonly requestId: string
  /** The event that it handles. */
  readonly item: HandledEvent | undefined
  readonly worker: { readonly id: number; readonly name: string; readonly update_at: number }
}

export interface ConsoleLogDeps {
  readonly database: Pick<Runner, 'run'>
  readonly clock: Clock
  /** Told of lines that could not be written. */
  onError?(error: unknown): void
}

interface Line {
  readonly level: string
  readonly text: string
  /** Epoch milliseconds. */
  readonly time: number
}

/** How long lines gather while their script runs on. */
const gatherMs = 500

/** The names that UiPath Insights gives them. */
const levels: Readonly<Record<ConsoleLevel, string>> = {
  log: 'Info',
  info: 'Info',
  debug: 'Trace',
  warn: 'Warn',
  error: 'Error',
}

// The members that UiPath Insights documents. Key, trace, robot and machine are those of the run's job; the transaction is the
// item of the event that the run handles.
const insert = rawStatement(
  `with run as materialized (
     select guid_of(tenant.key, 'js-result', $1::bigint::text) as key,
       guid_of(tenant.key, 'request', $10::text) as trace, guid_of(tenant.key, 'event-log', $11::bigint::text) as item,
       coalesce(m.key, guid_of(tenant.key, 'machine', $2::text)) as machine_key,
       coalesce(m.name, '') as machine_name, coalesce(m.id, 0) as machine_id, coalesce(m.kind, 'server') as kind
     from tenant left join server_lease l on l.id = $2::text left join machine m on m.name = l.machine
   ), line as materialized (
     select ${nextId('pending_change')} as id, level, message, to_timestamp(time / 1000) as moment, place
     from unnest($7::text[], $8::text[], $9::float8[]) with ordinality as r(level, message, time, place)
     order by place
   ), written as (
     insert into pending_change (id, diagnostic_id, event_type, timestamp, folder_name, full_folder_path, body)
     overriding system value
     select line.id, trace_of(run.trace), 'robotlog', moment, $3::text, 'js-worker/' || $3::text,
     json_strip_nulls(json_build_object(
       'Level', level,
       'MachineKey', run.machine_key,
       'RobotLog', json_build_object(
         'message', message,
         'level', case level when 'Info' then 'Information' else level end,
         'logType', 'User',
         'timeStamp', iso_time(moment),
         'fingerprint', md5(run.key || '/' || ($6::int + place))::uuid,
         'windowsIdentity', run.kind,
         'machineName', run.machine_name,
         'fileName', $3::text,
         'queueName', $12::text,
         'transactionId', run.item,
         'processName', $3::text,
         'processVersion', iso_time(to_timestamp($5::float8 / 1000)),
         'jobId', run.key,
         'robotName', 'Daybook',
         'machineId', run.machine_id,
         'organizationUnitId', $4::bigint)))
     from run, line
     returning id)
   select ${notifySql(channels.change)} from (select count(*) from written) as w`,
)

/** Makes `robotlog` change events of the lines of one run. A run that writes nothing costs nothing. */
export function createConsoleLog(
  { database, clock, onError }: ConsoleLogDeps,
  { id, owner, requestId, item, worker }: ConsoleRun,
) {
  let lines: Line[] = []
  let taken = 0
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> | undefined

  async function write(batch: readonly Line[]): Promise<void> {
    const before = taken
    taken += batch.length
    await database.run(insert, [
      id,
      owner,
      worker.name,
      worker.id,
      worker.update_at,
      before,
      batch.map(line => line.level),
      batch.map(line => line.text),
      batch.map(line => line.time),
      requestId,
      item?.id ?? null,
      item?.fullName ?? null,
    ])
  }

  // One write at a time keeps them in order, and a database that hangs costs two time-outs however much was said.
  async function writeAll(): Promise<void> {
    while (lines.length > 0) {
      const batch = lines
      lines = []
      await write(batch).catch(error => onError?.(error))
    }
    writing = undefined
  }

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    if (lines.length > 0) writing ??= writeAll()
  }

  return {
    add(level: ConsoleLevel, text: string): void {
      lines.push({ level: levels[level], text, time: clock() })
      timer ??= setTimeout(flush, gatherMs)
    },
    /** Resolves once every line so far is committed or lost, whatever the database does. */
    async close(): Promise<void> {
      flush()
      await writing
    },
  }
}
