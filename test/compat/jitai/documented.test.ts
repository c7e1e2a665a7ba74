import { execFile, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { secrets, startTestApp, type TestApp } from '../../wire/support/app.ts'
import { createWire, failure } from '../../wire/support/wire.ts'
import { append, callAt, type RowDatas, type Sent, service } from './service.ts'

const minute = 60_000
// A client writes the times of its own clock, so that it and the server must agree on the zone.
const timezone = 'Asia/Shanghai'
const hasPython = spawnSync('python3', ['--version']).status === 0
if (!hasPython) process.stdout.write('python3 is not installed: JitAi’s examples run in Node only\n')

const interpreters = [
  { language: 'Node', command: process.execPath, args: [], extension: 'mjs', isThere: true },
  // -B: it would leave a folder of compiled modules beside them.
  { language: 'Python', command: 'python3', args: ['-B'], extension: 'py', isThere: hasPython },
]

let app: TestApp
const wire = createWire(() => app)

beforeAll(async () => {
  app = await startTestApp('pglite', { env: { DAYBOOK_TIMEZONE: timezone } })
  for (const [full_name, sender] of [
    ['events.UserLoginEvent', 'models.UserModel'],
    ['events.OrderPaidEvent', 'models.OrderModel'],
    ['events.DataSyncEvent', 'services.DataService'],
  ]) {
    const handler = { full_name, sender, event_type: '*', target: { kind: 'remote' } }
    await wire.result('event-handler_create', handler)
  }
  const at = (month: number) => Date.UTC(2024, month, 10)
  await append(wire, [
    { full_name: 'events.MyEvent', created_time: at(0), request_id: 'req_20240115_001', node_id: 'top' },
    {
      full_name: 'events.MyEvent',
      created_time: at(1),
      request_id: 'req_20240115_001',
      node_id: 'node_user_create_001',
      parent_node_id: 'top',
    },
    { full_name: 'events.DataSyncEvent', created_time: at(0), error_message: 'no' },
    { full_name: 'events.DataSyncEvent', created_time: at(0), result: 1 },
  ])
})

afterAll(() => app?.close())

const get = (method: string, params: object) => wire.result<RowDatas>(`${service}.${method}`, { ...params })
const january = { startTime: '2024-01-01 00:00:00', endTime: '2024-01-31 23:59:59' }

test('answers the example calls of every method', async () => {
  const first = await get('getEventLog', {
    fullName: 'events.MyEvent',
    ...january,
    page: 1,
    pageSize: 20,
  })
  expect(first).toMatchObject({ totalCount: 1, rowDatas: [{ nodeId: 'top' }] })
  const failed = await get('getEventLog', {
    fullName: 'events.DataSyncEvent',
    ...january,
    status: 'fail',
  })
  expect(failed).toMatchObject({ totalCount: 1, rowDatas: [{ errorMessage: 'no' }] })

  const login = await wire.result<Sent>(`${service}.sendEvent`, {
    sender: 'models.UserModel',
    kwargs: { userId: 123, loginTime: '2024-01-15 10:30:00', deviceType: 'mobile' },
  })
  expect(login.matched).toBe(true)
  const recent = await get('getEventLog', { fullName: 'events.UserLoginEvent', page: 1, pageSize: 10 })
  expect(recent).toMatchObject({ totalCount: 1, rowDatas: [{ id: login.eventLogs[0]?.id }] })
  const sync = await wire.result<Sent>(`${service}.sendEvent`, {
    sender: 'services.DataService',
    kwargs: { dataType: 'user', syncMode: 'incremental' },
    eventType: 'events.ModelType',
  })
  expect(await get('getEventLogByRequestId', { requestId: sync.requestId })).toMatchObject({
    totalCount: 1,
    rowDatas: [{ eventType: 'events.ModelType', param: { syncMode: 'incremental' } }],
  })

  const position = ['req_20240115_001']
  expect(await callAt(wire, 'getEventLogByRequestId', position, secrets.root)).toMatchObject({
    result: { totalCount: 2, rowDatas: [{ nodeId: 'top' }, { nodeId: 'node_user_create_001' }] },
  })
  const place = { requestId: 'req_20240115_001', nodeId: 'node_user_create_001' }
  expect(await get('getEventLogByNodeId', place)).toMatchObject({
    totalCount: 1,
    rowDatas: [{ parentNodeId: 'top' }],
  })
})

test('follows an event from its sending to its failure', async () => {
  const kwargs = { dataType: 'user' }
  const sent = await wire.result<Sent>(`${service}.sendEvent`, { sender: 'services.DataService', kwargs })
  const id = sent.eventLogs[0]?.id
  const states: unknown[] = []
  const look = async () => {
    const found = await get('getEventLogByRequestId', { requestId: sent.requestId })
    states.push(found.rowDatas.map(row => row.status))
  }
  await look()
  const full_names = ['events.DataSyncEvent']
  const { tasks } = await wire.result<{ tasks: { id: number; attempt: number }[] }>('event-task_claim', {
    full_names,
    max: 100,
  })
  await look()
  const attempt = tasks.find(task => task.id === id)?.attempt
  await wire.result('event-task_fail', { id, attempt, error_message: 'offline', retry: false })
  await look()
  expect(states).toEqual([['waiting'], ['running'], ['fail']])
  const { rowDatas } = await get('getEventLogByNodeId', {
    requestId: sent.requestId,
    nodeId: sent.eventLogs[0]?.nodeId,
  })
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
  expect(rowDatas).toMatchObject([{ errorMessage: 'offline', startTime: time, finishTime: time }])
})

describe.each(interpreters)('in $language', ({ language, command, args, extension, isThere }) => {
  const run = (script: string, token: string, ...given: readonly string[]) =>
    runScript({ command, args: [...args, pathOf(`${script}.${extension}`), ...given], token })

  test.runIf(isThere)('the monitoring example tells of failures of the last five minutes', async () => {
    const now = Date.now()
    const full_name = `events.Watched${language}`
    const failed = { full_name, error_message: 'no' }
    await append(wire, [
      { ...failed, created_time: now - minute },
      { ...failed, created_time: now - 2 * minute },
      { ...failed, created_time: now - 10 * minute },
      { full_name, result: 1, created_time: now - minute },
    ])
    const line = 'failed events: 2\n'
    expect(await run('monitor', secrets.root, full_name, '0', '2')).toBe(line + line)
    expect(await run('monitor', secrets.root, 'events.Quiet', '0', '1')).toBe('')
  })

  test.runIf(isThere)('the batch example sends what it may, and goes on after what it may not', async () => {
    const limit = { scopes: [{ sender: 'models.UserModel' }], permissions: [{ event: { send: '*' } }] }
    // Whose handler takes an event is only for those who may read its records.
    const reading = { scopes: [{ event: '*' }], permissions: [{ event_log: { read: '*' } }] }
    const token = await wire.token([limit, reading])
    const refusal = await callAt(wire, 'sendEvent', ['models.OrderModel', {}], token)
    expect(refusal).toEqual(failure(102, 'permission_denied'))
    const { message } = (refusal as { error: { message: string } }).error
    const user = { sender: 'models.UserModel', kwargs: { userId: 1, action: 'login' } }
    const order = { sender: 'models.OrderModel', kwargs: { orderId: 100, status: 'paid' } }
    const sent = (config: object, fullName: string) => ({
      success: true,
      config,
      result: {
        requestId: expect.any(String),
        matched: true,
        eventLogs: [expect.objectContaining({ fullName, status: 'waiting' })],
      },
    })
    const login = sent(user, 'events.UserLoginEvent')
    expect(JSON.parse(await run('batch', token))).toEqual([
      login,
      { success: false, config: order, error: message },
    ])
    expect(JSON.parse(await run('batch', secrets.root))).toEqual([
      login,
      sent(order, 'events.OrderPaidEvent'),
    ])
  })
})

function pathOf(script: string): string {
  return fileURLToPath(new URL(script, import.meta.url))
}

interface Script {
  readonly command: string
  readonly args: readonly string[]
  readonly token: string
}

/** What the script prints. Rejects when it fails. */
async function runScript({ command, args, token }: Script): Promise<string> {
  const env = { ...process.env, TZ: timezone, DAYBOOK_URL: app.url, DAYBOOK_TOKEN: token }
  const { stdout } = await promisify(execFile)(command, args, { env, timeout: 30_000 })
  return stdout
}
