import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { rawStatement } from '../../src/database/statement.ts'
import { RpcError } from '../../src/errors.ts'
import { cancelRuns } from '../../src/event/run/cancel.ts'
import type { Envelope } from '../../src/resource/change-event/envelope.ts'
import { publicationSchema } from '../../src/resource/change-event/publication.ts'
import { startWorkers, type TestWorkers } from '../js-worker/workers.ts'
import { createChangeEvents, type TestChangeEvents } from '../method/change-events.ts'
import { describeEngines } from '../support/databases.ts'
import { insert } from './definitions.ts'
import { insertLocal, openPostgres, startTestEngine } from './engine-setup.ts'
import { untilEnded } from './event-rows.ts'

const aGuid = expect.stringMatching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
const aTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
const aTrace = expect.stringMatching(/^00-[\da-f]{32}-[\da-f]{16}-00$/)

type Members = Readonly<Record<string, unknown>>

/** An envelope with all its members; `specific`: what its type says. */
function envelope(number: number, eventType: string, folder: string, specific: Members) {
  return {
    body: {
      ...specific,
      EventType: eventType,
      SchemaVersion: '0.0.1',
      Timestamp: aTime,
      TenantKey: aGuid,
      TenantName: 'Daybook',
      FolderName: folder.slice(folder.indexOf('/') + 1),
      FullFolderPath: folder,
      FolderKey: aGuid,
    },
    'x-opt-sequence-number': number,
    'x-opt-offset': expect.stringMatching(/^\d+$/),
    'x-opt-enqueued-time': expect.any(Number),
    'Diagnostic-Id': aTrace,
  }
}

/** The types, after each body was found to be what a program may publish of that type. */
function typesOf(envelopes: readonly Envelope[]): readonly string[] {
  for (const { body } of envelopes) expect(publicationSchema.safeParse({ body }).error).toBeUndefined()
  return envelopes.map(each => each.body.EventType)
}

const setMachine = rawStatement(
  `insert into machine (name, kind, host_name, status, reporting_time, created_time)
   values ($1, 'server', 'host', 'Available', '2026-01-01T00:00:00.5Z', now()) returning id::text, key::text`,
)
const setLease = rawStatement(
  `insert into server_lease (id, started_time, lease_until, machine)
   values ($1, now(), now() + interval '1 hour', $2)`,
)

const workerDefaults = { owner: '[]', created_time: new Date(), updated_time: new Date() }

describeEngines('a script that runs', open => {
  let database: Database
  let workers: TestWorkers
  let events: TestChangeEvents
  let machineKey: unknown
  /** How many events there were before the test. */
  let before = 0
  /** Statements that wrote console lines. */
  let lineStatements = 0
  /** What they fail with. */
  let refusal: RpcError | undefined

  beforeAll(async () => {
    database = await open()
    const run: Database['run'] = async (statement, values) => {
      if (statement.sql.includes("'robotlog'")) {
        lineStatements += 1
        if (refusal !== undefined) throw refusal
      }
      return database.run(statement, values)
    }
    workers = await startWorkers(Object.create(database, { run: { value: run } }))
    events = createChangeEvents(database)
    machineKey = (await database.run(setMachine, ['host:1'])).rows[0]?.[1]
    await database.run(setLease, ['server', 'host:1'])
  })
  afterAll(() => workers.close())

  async function eventsOf(work: () => Promise<unknown>): Promise<readonly Envelope[]> {
    before = (await events.envelopes()).length
    await work()
    return events.envelopes(before)
  }

  const jobOf = (worker: string, more: Members) => ({
    Job: {
      Key: aGuid,
      CreationTime: '2026-01-01T00:00:00.000Z',
      StartTime: '2026-01-01T00:00:00.000Z',
      EndTime: null,
      ProcessName: worker,
      DisplayName: worker,
      RobotName: 'Daybook',
      HostMachineName: 'host:1',
      ...more,
    },
  })

  test('yields its start, its console’s lines and its end, in order', async () => {
    const lines = `
      console.log('first', { a: 1 }); console.info('second'); console.debug('third')
      console.warn('fourth\\n漢字'); console.error('')`
    await workers.add('speaks', `onCall() { ${lines}; return 1 }`)
    const found = await eventsOf(() => workers.run('speaks'))
    const folder = 'js-worker/speaks'
    const line = (Level: string, level: string, message: string) => ({
      Level,
      MachineKey: machineKey,
      RobotLog: {
        message,
        level,
        logType: 'User',
        timeStamp: '2026-01-01T00:00:00.000Z',
        fingerprint: aGuid,
        windowsIdentity: 'server',
        machineName: 'host:1',
        fileName: 'speaks',
        processName: 'speaks',
        processVersion: '2026-01-01T00:00:00.000Z',
        jobId: aGuid,
        robotName: 'Daybook',
        machineId: expect.any(Number),
        organizationUnitId: expect.any(Number),
      },
    })
    expect(found).toEqual([
      envelope(before + 1, 'job.created', folder, jobOf('speaks', { State: 'Pending', StartTime: null })),
      envelope(before + 2, 'job.started', folder, jobOf('speaks', { State: 'Running' })),
      envelope(before + 3, 'robotlog', folder, line('Info', 'Information', 'first {"a":1}')),
      envelope(before + 4, 'robotlog', folder, line('Info', 'Information', 'second')),
      envelope(before + 5, 'robotlog', folder, line('Trace', 'Trace', 'third')),
      envelope(before + 6, 'robotlog', folder, line('Warn', 'Warn', 'fourth\n漢字')),
      envelope(before + 7, 'robotlog', folder, line('Error', 'Error', '')),
      envelope(
        before + 8,
        'job.completed',
        folder,
        jobOf('speaks', { State: 'Successful', EndTime: '2026-01-01T00:00:00.000Z' }),
      ),
    ])
    typesOf(found)
    // One job has one key and one trace, its lines have a fingerprint each.
    const bodies = found.map(each => each.body) as Record<string, Record<string, unknown> | undefined>[]
    expect(new Set(bodies.map(body => body.Job?.Key ?? body.RobotLog?.jobId)).size).toBe(1)
    expect(new Set(found.map(each => each['Diagnostic-Id'].slice(0, 36))).size).toBe(1)
    expect(new Set(bodies.slice(2, 7).map(body => body.RobotLog?.fingerprint)).size).toBe(5)
  })

  test('is another job each time', async () => {
    await workers.add('twice', 'onCall() { console.log(1) }')
    const found = await eventsOf(async () => {
      await workers.run('twice')
      await workers.run('twice')
    })
    const keys = found.map(({ body }) => (body.Job as Members | undefined)?.Key)
    expect(new Set(keys.filter(key => key !== undefined)).size).toBe(2)
  })

  test.each([
    ['throws', 'onCall() { console.log("so far"); throw new Error("no further") }', 'job.faulted', 'Faulted'],
    ['takes too long', 'onCall() { console.log("so far"); for (;;); }', 'job.faulted', 'Faulted'],
  ])('ends as faulted when it %s', async (_what, members, type, state) => {
    await workers.call('js-worker_delete', { name: 'fails' }).catch(() => undefined)
    await workers.add('fails', members, { max_run_time: 300 })
    const found = await eventsOf(() => workers.run('fails'))
    expect(typesOf(found)).toEqual(['job.created', 'job.started', 'robotlog', type])
    const ended = jobOf('fails', { State: state, EndTime: '2026-01-01T00:00:00.000Z' })
    expect(found.at(-1)).toEqual(envelope(before + 4, type, 'js-worker/fails', ended))
  })

  test('ends as stopped when it is cancelled', async () => {
    await workers.add('stopped', 'onCall: (p, e, ctx) => ctx.send(1)')
    const release = workers.holdSending()
    onTestFinished(release)
    const found = await eventsOf(async () => {
      const stopping = new AbortController()
      const call = { worker: 'stopped', entry: 'onCall', runType: 'call', params: null } as const
      const run = await workers.scripts.start({ ...call, caller: undefined, signal: stopping.signal })
      stopping.abort()
      await run.done
    })
    expect(typesOf(found)).toEqual(['job.created', 'job.started', 'job.stopped'])
    expect(found.at(-1)?.body).toMatchObject({ Job: { State: 'Stopped' } })
  })

  test('has all of many lines in their order', async () => {
    await workers.add('talks', 'onCall() { for (let i = 0; i < 900; i++) console.log(i) }')
    const found = await eventsOf(() => workers.run('talks'))
    const messages = found.map(({ body }) => (body.RobotLog as Members | undefined)?.message)
    expect(messages.slice(2, -1)).toEqual(Array.from({ length: 900 }, (_, i) => `${i}`))
    expect(typesOf(found.slice(-1))).toEqual(['job.completed'])
  })

  test('has its lines told while it runs', async () => {
    await workers.add('waits', 'async onCall(p, e, ctx) { console.log("sent"); await ctx.send(1) }')
    const release = workers.holdSending()
    onTestFinished(release)
    let wakes = 0
    const stop = await database.listen('daybook_change', () => {
      wakes += 1
    })
    const found = await eventsOf(async () => {
      const running = workers.run('waits')
      // Of its start, and of the line.
      await vi.waitUntil(() => wakes === 2, { timeout: 10_000, interval: 20 })
      expect(typesOf(await events.envelopes(before)).at(-1)).toBe('robotlog')
      release()
      await running
    })
    await stop()
    expect(typesOf(found)).toEqual(['job.created', 'job.started', 'robotlog', 'job.completed'])
  })

  test('succeeds although its lines cannot be written', async () => {
    refusal = new RpcError('pool_exhausted', 'no connection')
    const found = await eventsOf(() => workers.run('twice'))
    expect(typesOf(found)).toEqual(['job.created', 'job.started', 'job.completed'])
    expect(workers.errors).toEqual([refusal])
    expect(workers.console.at(-1)).toBe('twice log 1')
    refusal = undefined
  })

  test('needs no statement for lines that it has not', async () => {
    await workers.add('silent', 'onCall: () => 1')
    lineStatements = 0
    await workers.run('silent')
    expect(lineStatements).toBe(0)
    await workers.run('twice')
    expect(lineStatements).toBe(1)
  })
})

describe('an event that is handled', () => {
  const itemOf = (id: number, more: Members) => ({
    QueueItem: {
      Key: aGuid,
      QueueDefinitionId: id,
      Status: 'New',
      ReviewStatus: 'None',
      DueDate: null,
      Priority: 'Normal',
      CreationTime: aTime,
      StartProcessing: aTime,
      EndProcessing: null,
      DefferDate: null,
      SecondsInPreviousAttempt: 0,
      RetryNumber: 0,
      Progress: '',
      ProcessExceptionReason: null,
      ProcessExceptionDetails: null,
      ProcessExceptionType: null,
      ...more,
    },
  })
  const queueOf = (name: string, retries: number, Description = '') => ({
    Queue: {
      Key: aGuid,
      Name: name,
      Description,
      MaxNumberOfRetries: retries,
      EnforceUniqueReference: false,
      SlaInMinutes: 0,
      RiskSlaInMinutes: 0,
    },
  })

  test('is added, started and completed', async () => {
    const database = await openPostgres()
    const { id } = await insertLocal(database, 'a.b', { description: 'what it does' })
    const engine = await startTestEngine(database, { local: { 'a.b': () => 1 } })
    const events = createChangeEvents(database)
    await engine.send({ sender: 's' })
    await untilEnded(database)
    const found = await events.envelopes()
    const queue = queueOf('a.b', 0, 'what it does')
    const folder = 'event/a.b'
    const started = { Status: 'InProgress', RetryNumber: 1 }
    const completed = { Status: 'Successful', EndProcessing: aTime, RetryNumber: 1 }
    expect(found).toEqual([
      envelope(1, 'queueitem.added', folder, { ...itemOf(id, { StartProcessing: null }), ...queue }),
      envelope(2, 'queueItem.transactionStarted', folder, { ...itemOf(id, started), ...queue }),
      envelope(3, 'queueItem.transactionCompleted', folder, { ...itemOf(id, completed), ...queue }),
    ])
    typesOf(found)
    expect(new Set(found.map(each => each['Diagnostic-Id'].slice(0, 36))).size).toBe(1)
  })

  test('is retried, and fails at last', async () => {
    const database = await openPostgres()
    const { id } = await insertLocal(database, 'a', { retry: { limit: 1, delay_ms: 0, backoff: false } })
    const engine = await startTestEngine(database, {
      local: {
        async a() {
          await new Promise(resolve => setTimeout(resolve, 50))
          throw new RangeError('too far')
        },
      },
    })
    const events = createChangeEvents(database)
    await engine.send({ sender: 's' })
    await untilEnded(database)
    const found = await events.envelopes()
    expect(typesOf(found)).toEqual([
      'queueitem.added',
      'queueItem.transactionStarted',
      'queueItem.transactionRetried',
      'queueItem.transactionStarted',
      'queueItem.transactionFailed',
    ])
    const exception = {
      ProcessExceptionReason: 'handler_error',
      ProcessExceptionDetails: 'handler_error: RangeError: too far',
      ProcessExceptionType: 'ApplicationException',
    }
    const items = found.map(({ body }) => body.QueueItem as Record<string, unknown>)
    const seconds = items[2]?.SecondsInPreviousAttempt
    const queue = queueOf('a', 1)
    const expected = [
      { StartProcessing: null },
      { Status: 'InProgress', RetryNumber: 1 },
      // What the attempt was that has failed, from its start to its end.
      {
        ...exception,
        Status: 'Retried',
        EndProcessing: aTime,
        RetryNumber: 1,
        SecondsInPreviousAttempt: seconds,
      },
      // The next has no exception yet.
      { Status: 'InProgress', RetryNumber: 2, SecondsInPreviousAttempt: seconds },
      {
        ...exception,
        Status: 'Failed',
        EndProcessing: aTime,
        RetryNumber: 2,
        SecondsInPreviousAttempt: seconds,
      },
    ]
    expect(found.map(({ body: { QueueItem, Queue } }) => ({ QueueItem, Queue }))).toEqual(
      expected.map(item => ({ ...itemOf(id, item), ...queue })),
    )
    expect(seconds).toBeGreaterThan(0.02)
    expect(seconds).toBeLessThan(20)
    const moment = (name: string, i: number) => Date.parse(String(items[i]?.[name]))
    expect(items[2]?.StartProcessing).toBe(items[1]?.StartProcessing)
    expect(moment('EndProcessing', 2) - moment('StartProcessing', 2)).toBe(Number(seconds) * 1000)
    expect(moment('StartProcessing', 3)).toBeGreaterThanOrEqual(moment('EndProcessing', 2))
    expect(new Set(items.map(item => item.Key)).size).toBe(1)
  })

  test('tells when it may begin, at first and when it is retried', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a', { retry: { limit: 1, delay_ms: 3_600_000, backoff: false } })
    const engine = await startTestEngine(database, {
      local: {
        a() {
          throw new Error('not yet')
        },
      },
    })
    const events = createChangeEvents(database)
    const deferOf = ({ body }: Envelope) => Date.parse(String((body.QueueItem as Members).DefferDate))
    const before = Date.now()
    await engine.send({ sender: 's', delay_ms: 3_600_000 })
    const [added] = await events.envelopes()
    expect(added && deferOf(added)).toBeGreaterThanOrEqual(before + 3_600_000)
    expect(added && deferOf(added)).toBeLessThanOrEqual(Date.now() + 3_600_000)
    await engine.send({ sender: 's' })
    await vi.waitUntil(async () => (await events.envelopes(1)).length === 3, {
      timeout: 10_000,
      interval: 20,
    })
    const later = await events.envelopes(1)
    expect(typesOf(later)).toEqual([
      'queueitem.added',
      'queueItem.transactionStarted',
      'queueItem.transactionRetried',
    ])
    expect(later.slice(0, 2).map(({ body }) => (body.QueueItem as Members).DefferDate)).toEqual([null, null])
    expect(later[2] && deferOf(later[2])).toBeGreaterThanOrEqual(before + 3_600_000)
  })

  test('is named by the console lines of its script, and shares its trace with them', async () => {
    const database = await openPostgres()
    for (const [name, members] of [
      ['outer', `async onEvent(p, e, ctx) { console.log('one'); return ctx.inlineCall('inner', 1) }`],
      ['inner', `onInlineCall() { console.log('two'); return 2 }`],
    ] as const) {
      const script = { ...workerDefaults, name, source: `export default { ${members} }` }
      await database.kysely.insertInto('js_worker').values(script).execute()
    }
    await insert(database, 'h', { target: { kind: 'js_worker', name: 'outer' } })
    const engine = await startTestEngine(database)
    const events = createChangeEvents(database)
    const { request_id } = await engine.send({ sender: 's' })
    const [row] = await untilEnded(database)
    expect(row).toMatchObject({ status: 'success', result: 2 })
    const found = await events.envelopes()
    typesOf(found)
    const item = found.find(({ body }) => body.QueueItem !== undefined)?.body.QueueItem as Members
    const lines = found.flatMap(({ body }) => (body.RobotLog === undefined ? [] : [body.RobotLog as Members]))
    // Each run's lines are in order; those of two runs come as they are written.
    const byMessage = lines.toSorted((a, b) => String(a.message).localeCompare(String(b.message)))
    expect(byMessage).toMatchObject(
      ['one', 'two'].map(message => ({ message, transactionId: item.Key, queueName: 'h' })),
    )
    // The items of the request, the runs of the scripts, and what they say.
    expect(found.map(each => each.body.EventType).toSorted()).toEqual(
      [
        'queueitem.added',
        'queueItem.transactionStarted',
        'queueItem.transactionCompleted',
        ...['job.created', 'job.started', 'robotlog', 'job.completed'].flatMap(type => [type, type]),
      ].toSorted(),
    )
    expect(new Set(found.map(each => each['Diagnostic-Id'].slice(0, 36))).size).toBe(1)
    // A handler that another event of the request sets off belongs to the same trace.
    await engine.send({ sender: 's', request_id })
    await untilEnded(database)
    const all = await events.envelopes()
    expect(new Set(all.map(each => each['Diagnostic-Id'].slice(0, 36))).size).toBe(1)
  })

  test('is updated when it is cancelled while it waits, also without its handler', async () => {
    const database = await openPostgres()
    const { id } = await insert(database, 'far')
    const engine = await startTestEngine(database)
    const events = createChangeEvents(database)
    const [one] = (await engine.send({ sender: 's' })).event_logs
    const [other] = (await engine.send({ sender: 's' })).event_logs
    const cancel = (log: { readonly id: number } | undefined) =>
      database.transaction(runner => cancelRuns(runner, [log?.id ?? 0], Date.now()))
    await cancel(one)
    await database.kysely.deleteFrom('event_handler').execute()
    await cancel(other)
    const cancelled = {
      Status: 'Failed',
      StartProcessing: null,
      EndProcessing: aTime,
      ProcessExceptionReason: 'cancelled',
      ProcessExceptionDetails: 'cancelled: before it began',
      ProcessExceptionType: 'ApplicationException',
    }
    const found = await events.envelopes()
    expect(typesOf(found).slice(0, 2)).toEqual(['queueitem.added', 'queueitem.added'])
    const waiting = { StartProcessing: null }
    const folder = 'event/far'
    expect(found).toEqual([
      envelope(1, 'queueitem.added', folder, { ...itemOf(id, waiting), ...queueOf('far', 2) }),
      envelope(2, 'queueitem.added', folder, { ...itemOf(id, waiting), ...queueOf('far', 2) }),
      envelope(3, 'queueItem.updated', folder, { ...itemOf(id, cancelled), ...queueOf('far', 2) }),
      envelope(4, 'queueItem.updated', folder, { ...itemOf(0, cancelled), ...queueOf('far', 0) }),
    ])
  })

  test('is abandoned when its server hands it back', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a')
    const began = Promise.withResolvers<void>()
    const engine = await startTestEngine(database, {
      local: {
        a() {
          began.resolve()
          return new Promise(() => undefined)
        },
      },
    })
    await engine.send({ sender: 's' })
    await began.promise
    await engine.close(0)
    const found = await createChangeEvents(database).envelopes()
    expect(typesOf(found)).toEqual([
      'queueitem.added',
      'queueItem.transactionStarted',
      'queueItem.transactionAbandoned',
    ])
    // It was begun, and has not ended.
    const [, started, abandoned] = found.map(({ body }) => body.QueueItem as Members)
    expect(abandoned).toEqual({ ...started, Status: 'Abandoned' })
  })

  test('yields nothing when a client only recorded it', async () => {
    const database = await openPostgres()
    const columns = `full_name, event_type, sender, run_type, status, request_id, node_id, attempt, created_time`
    const append = rawStatement(
      `insert into event_log (${columns}) values ('a', 'e', 's', 'send', 'running', 'r', 'n', 1, now())`,
    )
    await database.run(append, [])
    await database.run(rawStatement(`update event_log set status = 'success'`), [])
    await database.run(
      rawStatement(`insert into js_result (js_worker_name, run_type) values ('a', 'call')`),
      [],
    )
    await database.run(rawStatement(`update js_result set result = '1'::jsonb`), [])
    expect(await createChangeEvents(database).envelopes()).toEqual([])
  })
})

describe('a machine', () => {
  test('yields its coming, its state and its going', async () => {
    const database = await openPostgres()
    const events = createChangeEvents(database)
    const [id, key] = (await database.run(setMachine, ['host:1'])).rows[0] ?? []
    const change = (set: string) => database.run(rawStatement(`update machine set ${set}`), [])
    await change(`reporting_time = '2026-01-01T00:01:00Z'`)
    await change('is_unresponsive = true')
    await change(`status = 'Disconnected'`)
    await change(`host_name = 'other'`)
    await database.run(rawStatement('delete from machine'), [])
    const machine = {
      Machine: {
        MachineId: Number(id),
        MachineName: 'host:1',
        MachineKey: key,
        NonProductionSlots: 0,
        HeadlessSlots: 0,
        AutomationCloudSlots: 0,
        UnattendedSlots: 0,
      },
    }
    const session = (more: Members) => ({
      MachineSession: {
        MachineKey: key,
        MachineName: 'host:1',
        MachineId: Number(id),
        HostMachineName: 'host',
        ServiceUsername: 'server',
        MachineStatus: 'Available',
        ReportingTime: '2026-01-01T00:01:00.000Z',
        IsUnresponsive: true,
        ...more,
      },
    })
    const found = await events.envelopes()
    const folder = 'machine/host:1'
    const first = { ReportingTime: '2026-01-01T00:00:00.500Z', IsUnresponsive: false }
    expect(found).toEqual([
      envelope(1, 'machine.created', folder, machine),
      envelope(2, 'machineSession.status', folder, session(first)),
      envelope(3, 'machineSession.status', folder, session({})),
      envelope(4, 'machineSession.status', folder, session({ MachineStatus: 'Disconnected' })),
      envelope(5, 'machine.updated', folder, machine),
      envelope(6, 'machine.deleted', folder, machine),
    ])
    typesOf(found)
  })
})
