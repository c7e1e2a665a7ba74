import { describe, expect, test } from 'vitest'
import type { ChangeEventRow } from '../../src/client/resources.ts'
import { parseJson, stringifyJson } from '../../src/json.ts'
import { envelopeSchema } from '../../src/resource/change-event/envelope.ts'
import { pendingOf, publicationSchema } from '../../src/resource/change-event/publication.ts'
import { envelopeText } from '../../src/resource/kind/change-event.ts'
import { commonFields, guid, samples } from './uipath/samples.ts'

type Members = Readonly<Record<string, unknown>>

const job = samples['the second job.started']
const item = samples['a queue item']
const session = samples['a machine session']
const machine = samples['a machine']
const assigned = samples['a machine that is unassigned']
const line = samples['a line of a robot’s log']

/** The path of what is wrong with the body; undefined when nothing is. */
function faultOf(body: unknown): string | undefined {
  const parsed = publicationSchema.safeParse({ body })
  const [issue] = parsed.error?.issues ?? []
  if (issue === undefined) return undefined
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  return [...issue.path, ...unknown].join('.')
}

/** What is kept of a body that is published, as its envelope shows it. */
function bodyOf(body: unknown): Members {
  const { timestamp, ...pending } = pendingOf(publicationSchema.parse({ body }), 5)
  const row = {
    sequence_number: 1,
    offset: '0',
    enqueued_time: 5,
    timestamp,
    ...pending,
    diagnostic_id: 'd',
    body: parseJson(pending.body),
  }
  return (parseJson(envelopeText(stringifyJson(row))) as { body: Members }).body
}

/** The body with another value at `path`; undefined leaves the member out. */
function changed(body: Members, path: string, value: unknown): Members {
  const [name = '', ...rest] = path.split('.')
  const inner = rest.length === 0 ? value : changed(body[name] as Members, rest.join('.'), value)
  const { [name]: _, ...others } = body
  return inner === undefined ? others : { ...body, [name]: inner }
}

describe('the events of UiPath Insights', () => {
  test.each(Object.entries(samples))('the sample of %s is accepted as it is', (_what, body) => {
    expect(faultOf(body)).toBeUndefined()
    expect(bodyOf(body)).toEqual(body)
  })

  const jobTypes = 'created started stopped pending completed faulted stopping terminating'.split(' ')
  const itemTypes = [
    'added',
    'deferred',
    'retried',
    'reviewStatusChanged',
    'updated',
    'transactionAbandoned',
    'transactionCompleted',
    'transactionFailed',
    'transactionRetried',
    'transactionStarted',
  ]

  test.each([
    [job, jobTypes.map(type => `job.${type}`)],
    [item, itemTypes.flatMap(type => [`queueitem.${type}`, `queueItem.${type}`])],
    [machine, ['machine.created', 'machine.updated', 'machine.deleted']],
    [session, ['machineSession.status']],
    [assigned, ['machine.assign', 'machine.unassign', 'machine.unassigned']],
    [line, ['robotlog']],
  ])('every type is accepted with the body of its family and no other %#', (body, types) => {
    for (const type of types) {
      expect(faultOf({ ...body, EventType: type })).toBeUndefined()
      const other = body === machine ? job : machine
      expect(faultOf({ ...other, EventType: type })).toMatch(/^body\.\w+$/)
    }
  })

  test.each(['', 'job', 'job.Created', 'JOB.CREATED', 'job.created ', 'QueueItem.added', 'machine.assigned'])(
    'there is no type %j',
    type => {
      for (const body of Object.values(samples)) {
        expect(faultOf({ ...body, EventType: type })).toBe('body.EventType')
      }
    },
  )

  test.each<[Members, string, readonly string[]]>([
    [
      job,
      'Job.State',
      [
        'Pending',
        'Running',
        'Stopping',
        'Terminating',
        'Faulted',
        'Successful',
        'Stopped',
        'Suspended',
        'Resumed',
      ],
    ],
    [
      item,
      'QueueItem.Status',
      ['New', 'InProgress', 'Failed', 'Successful', 'Abandoned', 'Retried', 'Deleted', 'Unknown'],
    ],
    [item, 'QueueItem.ReviewStatus', ['None', 'InReview', 'Verified', 'Retried', 'Unknown']],
    [item, 'QueueItem.Priority', ['High', 'Normal', 'Low', 'Unknown']],
    [item, 'QueueItem.ProcessExceptionType', ['ApplicationException', 'BusinessException', 'None']],
    [session, 'MachineSession.MachineStatus', ['Available', 'Busy', 'Disconnected', 'Unknown']],
    [line, 'Level', ['Trace', 'Info', 'Warn', 'Error', 'Fatal', 'Information']],
    [line, 'RobotLog.level', ['Trace', 'Info', 'Warn', 'Error', 'Fatal', 'Information']],
    [
      line,
      'RobotLog.logType',
      [
        'User',
        'Default',
        'Error',
        'Business',
        'ExecutionStep',
        'BusinessIteration',
        'Info',
        'Security',
        'Technical',
      ],
    ],
    [
      line,
      'RobotLog.initiatedBy',
      ['Assistant', 'Studio', 'StudioX', 'StudioPro', 'Orchestrator', 'CommandLine', 'RobotAPI'],
    ],
    [line, 'RobotLog.processingExceptionType', ['ApplicationException', 'BusinessException', '']],
    [line, 'RobotLog.queueItemPriority', ['High', 'Normal', 'Low']],
    [line, 'RobotLog.queueItemReviewStatus', ['InReview', 'Verified', 'Reported', 'Retried', 'None']],
    [line, 'RobotLog.transactionState', ['Started', 'Ended', 'Postponed']],
    [
      line,
      'RobotLog.transactionStatus',
      [
        'ApplicationException',
        'Start',
        'SystemError',
        'Failed',
        'BusinessException',
        'Success',
        'InProgress',
        'Successful',
      ],
    ],
  ])('%#: %s is one of its values', (body, path, values) => {
    for (const value of values) expect(faultOf(changed(body, path, value))).toBeUndefined()
    for (const wrong of ['unheard of', values[0]?.toLowerCase(), 1, [values[0]]]) {
      expect(faultOf(changed(body, path, wrong))).toBe(`body.${path}`)
    }
  })

  test.each<[Members, string, unknown]>([
    [job, 'Job.Key', 'job 1'],
    [job, 'Job.Key', null],
    [job, 'Job.Key', undefined],
    [job, 'Job.StartTime', '2024-04-18 08:30:00'],
    [job, 'Job.StartTime', '2024-02-30T08:30:00Z'],
    [job, 'Job.EndTime', 1],
    [job, 'Job.EndTime', undefined],
    [job, 'Job.ProcessName', null],
    [job, 'Job.State', null],
    [job, 'Job.HostMachineName', undefined],
    [job, 'Job', [job.Job]],
    [item, 'Queue', undefined],
    [item, 'QueueItem.QueueDefinitionId', '17'],
    [item, 'QueueItem.RetryNumber', null],
    [item, 'QueueItem.Status', null],
    [item, 'QueueItem.DeferDate', 'tomorrow'],
    [item, 'QueueItem.DefferDate', 1],
    [item, 'Queue.EnforceUniqueReference', 'false'],
    [item, 'QueueItem.Output', { a: 1 }],
    [session, 'MachineSession.IsUnresponsive', 0],
    [session, 'MachineSession.ReportingTime', null],
    [machine, 'Machine.UnattendedSlots', null],
    [assigned, 'MachineAssign.MachineKey', '{a1b2c3d4-0000-4000-8000-000000000006}'],
    [line, 'MachineKey', 7],
    [line, 'RobotLog.CustomFields', [1]],
    [line, 'RobotLog.CustomFields', 'a'],
    [line, 'RobotLog.activityInfo', { State: 'Open' }],
    [line, 'SchemaVersion', '1'],
    [line, 'SchemaVersion', 1],
    [line, 'Timestamp', 'now'],
    [line, 'Timestamp', '0000-01-01T00:00:00Z'],
    [line, 'Timestamp', null],
    [line, 'TenantKey', 'x'],
    [line, 'TenantName', ''],
    [line, 'FolderKey', null],
    [line, 'FolderName', 'a'.repeat(129)],
    [line, 'FullFolderPath', 'a*'],
    [line, 'FullFolderPath', '..'],
    [line, 'timestamp', '2024-04-18T08:30:00Z'],
    [line, 'fullFolderPath', 'Shared'],
    [line, 'RobotLog.message', null],
    [line, 'RobotLog.timeStamp', null],
  ])('what does not fit is told by its path: %#', (body, path, value) => {
    expect(faultOf(changed(body, path, value))).toMatch(
      new RegExp(`^body\\.${path}${path.endsWith('activityInfo') ? '\\.State' : ''}$`),
    )
  })

  test('a member named __proto__ is refused wherever it stands, since it could not be kept', () => {
    const text = stringifyJson(job)
    expect(faultOf(parseJson(text.replace('{"Job":{', '{"__proto__":{"a":1},"Job":{')))).toBe(
      'body.__proto__',
    )
    expect(faultOf(parseJson(text.replace('{"Job":{', '{"Job":{"__proto__":1,')))).toBe('body.Job.__proto__')
  })

  const none = (members: string) => members.split(' ')
  test.each<[string, Members, readonly string[]]>([
    ['Job', job, none('CreationTime StartTime EndTime DisplayName RobotName HostMachineName')],
    [
      'QueueItem',
      item,
      none(
        'ReviewStatus DueDate Priority CreationTime StartProcessing EndProcessing DefferDate DeferDate ' +
          'SecondsInPreviousAttempt Progress AnalyticsData Output SpecificData CreatorJobId ExecutorJobId ' +
          'ProcessExceptionReason ProcessExceptionDetails ProcessExceptionType',
      ),
    ],
    ['Queue', item, none('Description SlaInMinutes RiskSlaInMinutes')],
    ['MachineSession', session, none('HostMachineName ServiceUsername')],
    [
      'RobotLog',
      line,
      none(
        'CustomFields fingerprint windowsIdentity machineName fileName transactionExecutionTime queueItemPriority ' +
          'processingExceptionReason transactionStatus queueName transactionState processingExceptionType ' +
          'transactionId queueItemReviewStatus processName processVersion jobId robotName machineId ' +
          'organizationUnitId initiatedBy totalExecutionTimeInSeconds activityInfo',
      ),
    ],
  ])('members of %s are null while there is nothing to say, and kept so', (object, body, members) => {
    const nulls = Object.fromEntries(members.map(name => [name, null]))
    const given = { ...body, [object]: { ...(body[object] as Members), ...nulls } }
    expect(faultOf(given)).toBeUndefined()
    expect(bodyOf(given)).toEqual(given)
  })

  test('a robot’s log without a machine has no key of one', () => {
    expect(bodyOf({ ...line, MachineKey: null })).toEqual({ ...line, MachineKey: null })
  })

  test('DeferDate may stand beside DefferDate or instead of it', () => {
    const both = changed(item, 'QueueItem.DeferDate', '2024-04-18T08:15:00Z')
    expect(bodyOf(both)).toEqual(both)
    const one = changed(both, 'QueueItem.DefferDate', undefined)
    expect(bodyOf(one)).toEqual(one)
  })

  test.each<[Members, string]>([
    [job, 'Job.Extra'],
    [job, 'Extra'],
    [item, 'QueueItem.SpecificContent'],
    [item, 'Queue.Extra'],
    [session, 'MachineSession.Extra'],
    [machine, 'Machine.Extra'],
    [assigned, 'MachineAssign.Extra'],
    [line, 'RobotLog.extra'],
    [line, 'RobotLog.activityInfo'],
    [line, 'RobotLog.CustomFields'],
  ])('a member that this version does not know is kept: %#, %s', (body, path) => {
    const given = changed(body, path, { later: [1, null, { deep: 'x' }] })
    expect(faultOf(given)).toBeUndefined()
    expect(bodyOf(given)).toEqual(given)
  })

  test.each<[Members, string, string, string]>([
    [job, 'Job.StartTime', '2024-04-18T08:30:00', '2024-04-18T08:30:00Z'],
    [item, 'QueueItem.DueDate', '2024-05-01T00:00:00.1234567', '2024-05-01T00:00:00.1234567Z'],
    [item, 'QueueItem.DefferDate', '2024-05-01T00:00:00+02:00', '2024-05-01T00:00:00+02:00'],
    [session, 'MachineSession.ReportingTime', '2024-04-18T08:30:00.5', '2024-04-18T08:30:00.5Z'],
    [line, 'RobotLog.timeStamp', '2024-04-18T08:30:00', '2024-04-18T08:30:00Z'],
    [line, 'Timestamp', '2024-04-18T23:30:00.1239999', '2024-04-18T23:30:00.123Z'],
  ])('a time without a zone is in UTC, and shown so: %#', (body, path, given, shown) => {
    expect(bodyOf(changed(body, path, given))).toEqual(changed(body, path, shown))
  })

  test('what is documented and absent from the samples is optional', () => {
    const more: readonly [Members, string, unknown][] = [
      [machine, 'Machine.MachineId', 7],
      [item, 'QueueItem.AnalyticsData', '{"a":1}'],
      [item, 'QueueItem.Output', '{"a":1}'],
      [item, 'QueueItem.SpecificData', '{"a":1}'],
      [item, 'QueueItem.CreatorJobId', 1],
      [item, 'QueueItem.ExecutorJobId', 2],
      [line, 'RobotLog.totalExecutionTimeInSeconds', 1.5],
      [
        line,
        'RobotLog.activityInfo',
        { DisplayName: 'a', State: 'Closed', Activity: 'b', Arguments: { c: 1 } },
      ],
      [line, 'RobotLog.CustomFields', { any: { thing: [null] } }],
    ]
    for (const [body, path, value] of more) {
      expect(faultOf(changed(body, path, value))).toBeUndefined()
      expect(faultOf(changed(body, path, undefined))).toBeUndefined()
    }
  })
})

describe('what is written of a published event', () => {
  const pending = (common: Members) =>
    pendingOf(publicationSchema.parse({ body: { MachineAssign: assigned.MachineAssign, ...common } }), 5)

  test('is what was given', () => {
    expect(pending(commonFields('machine.assign'))).toEqual({
      diagnostic_id: null,
      event_type: 'machine.assign',
      schema_version: '0.0.1',
      timestamp: Date.UTC(2024, 3, 18, 8, 30, 0, 123),
      tenant_key: guid(1),
      tenant_name: 'Default',
      folder_name: 'Invoices',
      full_folder_path: 'Shared/Invoices',
      folder_key: guid(2),
      body: JSON.stringify({ MachineAssign: assigned.MachineAssign }),
    })
  })

  test('has what was left out filled in', () => {
    expect(pending({ EventType: 'machine.assign', FullFolderPath: 'a/b' })).toMatchObject({
      schema_version: '0.0.1',
      timestamp: 5,
      tenant_key: null,
      tenant_name: null,
      folder_name: 'b',
      full_folder_path: 'a/b',
      folder_key: null,
    })
  })

  test.each([
    [{ FolderName: 'c' }, 'c', 'c'],
    [{ FolderName: 'x/c' }, 'x/c', 'x/c'],
    [{ FullFolderPath: 'a' }, 'a', 'a'],
    [{ FullFolderPath: 'a/' }, 'a/', 'a/'],
    [{ FolderName: 'c', FullFolderPath: 'a/b' }, 'c', 'a/b'],
  ])('of the folder %j', (folder, folder_name, full_folder_path) => {
    expect(pending({ EventType: 'machine.assign', ...folder })).toMatchObject({
      folder_name,
      full_folder_path,
    })
  })

  test('a folder is needed', () => {
    expect(faultOf({ MachineAssign: assigned.MachineAssign, EventType: 'machine.assign' })).toBe(
      'body.FullFolderPath',
    )
  })
})

describe('the envelope', () => {
  const { Level, MachineKey, RobotLog } = line
  const row: ChangeEventRow = {
    sequence_number: 12,
    offset: '3456',
    enqueued_time: 1_713_429_000_500,
    diagnostic_id: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00',
    event_type: 'robotlog',
    schema_version: '0.0.1',
    timestamp: Date.UTC(2024, 3, 18, 8, 30, 0, 123),
    tenant_key: guid(1),
    tenant_name: 'Default',
    folder_name: 'Invoices',
    full_folder_path: 'Shared/Invoices',
    folder_key: guid(2),
    // As the database orders members: by their length.
    body: {
      Level,
      RobotLog: Object.fromEntries(
        Object.entries(RobotLog).toSorted(([a], [b]) => a.length - b.length || (a < b ? -1 : 1)),
      ),
      MachineKey,
    },
  }
  const envelope = {
    body: line,
    'x-opt-sequence-number': 12,
    'x-opt-offset': '3456',
    'x-opt-enqueued-time': 1_713_429_000_500,
    'Diagnostic-Id': '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00',
  }

  test('is a single line with the documented members, in their order', () => {
    expect(envelopeText(JSON.stringify(row))).toBe(JSON.stringify(envelope))
    expect(envelopeSchema.parse(envelope)).toEqual(envelope)
  })

  test('keeps every digit of a number', () => {
    const text = JSON.stringify(row).replace('0.6733966', '0.67339660000000000001')
    const expected = JSON.stringify(envelope).replace('0.6733966', '0.67339660000000000001')
    expect(envelopeText(text)).toBe(expected)
  })

  test('shows what fits no schema as it is', () => {
    const other = { ...row, event_type: 'robot.gone', body: { b: 1, a: { d: 2, c: null } } }
    expect(JSON.parse(envelopeText(JSON.stringify(other))).body).toEqual({
      b: 1,
      a: { d: 2, c: null },
      ...commonFields('robot.gone'),
    })
  })
})
