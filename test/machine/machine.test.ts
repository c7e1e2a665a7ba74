import { hostname } from 'node:os'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Client, createClient, type Limit } from '../../src/client/client.ts'
import type { Database } from '../../src/database/database.ts'
import { openDatabase } from '../../src/database/open.ts'
import { disconnectServer, type Machine, reportMachine, sweepMachines } from '../../src/machine/machine.ts'
import { createWorkerReports, startServerReports } from '../../src/machine/machine-reports.ts'
import { describeEngines } from '../support/databases.ts'
import { secrets, startOn, type TestApp } from '../wire/support/app.ts'
import { createTestData, type TestData } from '../wire/support/data.ts'

const server: Machine = { name: 'host:1', kind: 'server', hostName: 'host' }
const remote: Machine = { name: 'far', kind: 'remote', hostName: 'far' }
const seconds = 1000
const minutes = 60 * seconds

async function machineOf({ kysely }: Database, name: string) {
  return kysely.selectFrom('machine').selectAll().where('name', '=', name).executeTakeFirst()
}

/** The machine has last reported so long ago. */
async function backdate({ kysely }: Database, name: string, ms: number): Promise<void> {
  await sql`update machine set reporting_time = now() - ${ms}::float8 * interval '1 millisecond' where name = ${name}`.execute(
    kysely,
  )
}

/** The events that were written since the last call, in order: type, status, whether unresponsive. */
async function takeEvents({ kysely }: Database): Promise<readonly unknown[]> {
  const rows = await kysely.deleteFrom('pending_change').returningAll().execute()
  return rows
    .sort((a, b) => a.id - b.id)
    .map(({ event_type, full_folder_path, body }) => {
      const { MachineSession: session } = body as { MachineSession?: Record<string, unknown> }
      return [event_type, full_folder_path, session?.MachineStatus, session?.IsUnresponsive]
    })
}

function fail(error: unknown): never {
  throw error
}

describeEngines('a machine', open => {
  let database: Database

  beforeAll(async () => {
    database = await open()
  })
  beforeEach(async () => {
    await database.kysely.deleteFrom('machine').execute()
    await database.kysely.deleteFrom('server_lease').execute()
    await takeEvents(database)
  })

  const created = [
    ['machine.created', 'machine/host:1', undefined, undefined],
    ['machineSession.status', 'machine/host:1', 'Available', false],
  ]
  const session = (status: string, isUnresponsive: boolean) => [
    'machineSession.status',
    'machine/host:1',
    status,
    isUnresponsive,
  ]

  test('joins with its first report, and a further one only moves its time', async () => {
    await reportMachine(database, server)
    expect(await takeEvents(database)).toEqual(created)
    await backdate(database, 'host:1', 60 * seconds)
    const before = await machineOf(database, 'host:1')
    await reportMachine(database, server)
    const after = await machineOf(database, 'host:1')
    expect(after).toEqual({ ...before, reporting_time: expect.any(Date) })
    expect(Date.now() - Number(after?.reporting_time)).toBeLessThan(30 * seconds)
    expect(await takeEvents(database)).toEqual([])
  })

  test('that falls silent is unresponsive after 90 seconds, disconnected after ten minutes, and comes back', async () => {
    await reportMachine(database, server)
    await takeEvents(database)
    for (const [silentMs, events] of [
      [80 * seconds, []],
      [95 * seconds, [session('Available', true)]],
      [9.9 * minutes, []],
      [10.1 * minutes, [session('Disconnected', true)]],
      [60 * minutes, []],
    ] as const) {
      await backdate(database, 'host:1', silentMs)
      // Of several servers, all sweep.
      await Promise.all([sweepMachines(database), sweepMachines(database), sweepMachines(database)])
      expect(await takeEvents(database), `${silentMs} ms`).toEqual(events)
    }
    await reportMachine(database, server)
    expect(await takeEvents(database)).toEqual([session('Available', false)])
    // All at once, where nobody was there to sweep.
    await backdate(database, 'host:1', 60 * minutes)
    await sweepMachines(database)
    expect(await takeEvents(database)).toEqual([session('Disconnected', true)])
  })

  test('that said goodbye is disconnected, and no sweep makes it unresponsive', async () => {
    await reportMachine(database, server)
    await takeEvents(database)
    await disconnectServer(database, 'host:1')
    await disconnectServer(database, 'host:1')
    expect(await takeEvents(database)).toEqual([session('Disconnected', false)])
    await backdate(database, 'host:1', 60 * minutes)
    await sweepMachines(database)
    expect(await takeEvents(database)).toEqual([])
  })

  test('is not disconnected while another server of its name is alive', async () => {
    await reportMachine(database, server)
    const lease = (ms: number) =>
      sql`insert into server_lease (id, started_time, lease_until, machine)
        values ('other', now(), now() + ${ms}::int * interval '1 millisecond', 'host:1')
        on conflict (id) do update set lease_until = excluded.lease_until`.execute(database.kysely)
    await lease(60_000)
    await disconnectServer(database, 'host:1')
    expect(await machineOf(database, 'host:1')).toMatchObject({ status: 'Available' })
    await lease(-1)
    await disconnectServer(database, 'host:1')
    expect(await machineOf(database, 'host:1')).toMatchObject({ status: 'Disconnected' })
  })

  test('that is a server stays one, whatever a remote worker calls itself', async () => {
    await reportMachine(database, server)
    await backdate(database, 'host:1', 60 * minutes)
    const before = await machineOf(database, 'host:1')
    await reportMachine(database, { ...remote, name: 'host:1' })
    expect(await machineOf(database, 'host:1')).toEqual(before)
    await reportMachine(database, remote)
    await disconnectServer(database, 'far')
    expect(await machineOf(database, 'far')).toMatchObject({ kind: 'remote', status: 'Available' })
    await reportMachine(database, { ...server, name: 'far' })
    expect(await machineOf(database, 'far')).toMatchObject({ kind: 'server', host_name: 'host' })
  })

  test('that is a worker is reported at most once in a while, a fault is not remembered as a report', async () => {
    const errors: unknown[] = []
    const broken = { run: () => Promise.reject(new Error('no database')) }
    const failing = createWorkerReports({ database: broken, onError: error => errors.push(error) })
    await failing.report('far')
    expect(await failing.during('far', async () => 'done')).toBe('done')
    expect(errors).toHaveLength(2)

    const reports = createWorkerReports({ database, onError: fail })
    await reports.report('far')
    await backdate(database, 'far', 60 * seconds)
    const before = await machineOf(database, 'far')
    await reports.report('far')
    await reports.during('far', async () => reports.report('near'))
    expect(await machineOf(database, 'far')).toEqual(before)
    expect(await machineOf(database, 'near')).toMatchObject({ kind: 'remote', host_name: 'near' })
  })

  test('that is a server reports and sweeps again and again until it says goodbye', async () => {
    await reportMachine(database, remote)
    await backdate(database, 'far', 60 * minutes)
    const { name, hostName } = server
    const reports = await startServerReports({ database, name, hostName, onError: fail, everyMs: 20 })
    expect(await machineOf(database, name)).toMatchObject({ status: 'Available' })
    await backdate(database, name, 60 * minutes)
    const status = async (of: string) => (await machineOf(database, of))?.status
    await expect.poll(() => status('far')).toBe('Disconnected')
    await vi.waitUntil(
      async () => Date.now() - Number((await machineOf(database, name))?.reporting_time) < minutes,
    )
    await reports.close()
    expect(await status(name)).toBe('Disconnected')
  })
})

describe('servers and workers as machines', () => {
  let data: TestData
  let database: Database
  let app: TestApp
  let client: Client

  beforeAll(async () => {
    data = await createTestData('postgres')
    database = await openDatabase({ url: data.postgresUrl, onError: fail })
    app = await startOn(data)
    client = createClient({ url: app.url, token: secrets.root })
    await client.call('event-handler_create', { full_name: 'far', sender: 's', target: { kind: 'remote' } })
  })
  afterAll(async () => {
    await app.close()
    await database.close()
    await data.remove()
  })

  const names = async () =>
    (await database.kysely.selectFrom('machine').select('name').execute()).map(({ name }) => name)
  const leased = async () =>
    (await database.kysely.selectFrom('server_lease').select('machine').execute()).map(
      ({ machine }) => machine,
    )

  test('a server is one under its host name and port, or under the name it is given', async () => {
    const own = `${hostname()}:${new URL(app.url).port}`
    expect(await machineOf(database, own)).toMatchObject({
      kind: 'server',
      host_name: hostname(),
      status: 'Available',
    })
    expect(await leased()).toEqual([own])

    const env = { DAYBOOK_MACHINE_NAME: 'named' }
    const others = await Promise.all([startOn(data, env), startOn(data, env)])
    onTestFinished(() => Promise.all(others.map(each => each.close())).then(() => undefined))
    expect((await leased()).sort()).toEqual([own, 'named', 'named'].sort())
    const status = async () => (await machineOf(database, 'named'))?.status
    await others[0]?.close()
    expect(await status()).toBe('Available')
    await others[1]?.close()
    expect(await status()).toBe('Disconnected')
    expect(await leased()).toEqual([own])
    const told = () => client.query('change-event', [{ full_folder_path: 'machine/named' }])
    await expect.poll(told).toMatchObject([
      { event_type: 'machineSession.status', body: { MachineSession: { MachineStatus: 'Disconnected' } } },
      { event_type: 'machineSession.status', body: { MachineSession: { MachineStatus: 'Available' } } },
      { event_type: 'machine.created', body: { Machine: { MachineName: 'named' } } },
    ])
  })

  test('a worker is one under the name it gives', async () => {
    const before = await names()
    await client.call('event-task_claim', { full_names: ['far'] })
    expect(await names()).toEqual(before)
    const worker = client.worker({ fullNames: ['far'], name: 'worker-1', pollMs: 100 }, () => 'done')
    const { event_logs } = await client.send({ sender: 's' }, { waitMs: 10_000 })
    expect(event_logs).toMatchObject([{ status: 'success' }])
    await worker.stop()
    expect(await machineOf(database, 'worker-1')).toMatchObject({ kind: 'remote', status: 'Available' })
  })

  test('a worker that holds a task is one by its heartbeat, too', async () => {
    await client.send({ sender: 's' })
    const { tasks } = await client.call('event-task_claim', { full_names: ['far'], wait_ms: 10_000 })
    const [task] = tasks
    if (task === undefined) throw new Error('no task')
    const held = { id: task.id, attempt: task.attempt }
    await client.call('event-task_heartbeat', { ...held, worker: 'worker-2' })
    expect(await machineOf(database, 'worker-2')).toMatchObject({ kind: 'remote' })
    await client.call('event-task_complete', held)
    const lost = client.call('event-task_heartbeat', { ...held, worker: 'worker-3' })
    await expect(lost).rejects.toMatchObject({ reason: 'lease_lost' })
    expect(await names()).not.toContain('worker-3')
  })

  test('nobody is recorded who may not claim, or has no name', async () => {
    const before = await names()
    const { key, secret } = await client.call('token_create', {
      token_creation: {
        token_limit: [{ scopes: [{ event: 'near' }], permissions: [{ event_handler: { claim: '*' } }] }],
      },
    })
    const stranger = createClient({ url: app.url, token: `${key}:${secret}` })
    const claiming = stranger.call('event-task_claim', { full_names: ['far'], worker: 'stranger' })
    await expect(claiming).rejects.toMatchObject({ reason: 'permission_denied' })
    for (const worker of ['', 'a*', 'a\nb', '..', 'x'.repeat(129), 1]) {
      const bad = client.call('event-task_claim', { full_names: ['far'], worker: worker as string })
      await expect(bad).rejects.toMatchObject({ code: -32602, path: 'worker' })
    }
    expect(await names()).toEqual(before)
  })

  test('the list shows a token the machines whose change events it may read', async () => {
    await reportMachine(database, { name: 'own-1', kind: 'remote', hostName: 'own-1' })
    await reportMachine(database, { name: 'other-1', kind: 'remote', hostName: 'other-1' })
    await backdate(database, 'other-1', 2 * minutes)
    await sweepMachines(database)
    const listed = async (limit?: Limit) => {
      if (limit === undefined) return (await client.call('machine_list', {})).machines
      const creation = { token_limit: [limit] }
      const { key, secret } = await client.call('token_create', { token_creation: creation })
      const holder = createClient({ url: app.url, token: `${key}:${secret}` })
      return (await holder.call('machine_list', {})).machines
    }
    const all = await listed()
    expect(all.map(({ name }) => name).sort()).toEqual([...(await names())].sort())
    expect(all.find(({ name }) => name === 'other-1')).toMatchObject({
      is_unresponsive: true,
      kind: 'remote',
    })
    const [first] = all
    expect(Math.abs((first?.reporting_time ?? 0) - Date.now())).toBeLessThan(minutes)
    const permissions = [{ change_event: { read: '*' } }]
    const seen = await listed({ scopes: [{ folder: 'machine/own*' }], permissions })
    expect(seen.map(({ name }) => name)).toEqual(['own-1'])
    const one = await listed({
      scopes: ['global'],
      permissions: [{ change_event: { read: 'machine/other-1' } }],
    })
    expect(one.map(({ name }) => name)).toEqual(['other-1'])
    expect(await listed({ scopes: [{ folder: 'own-1' }], permissions })).toEqual([])
    const denied = listed({ scopes: ['global'], permissions: [{ js_result: { read: '*' } }] })
    await expect(denied).rejects.toMatchObject({ reason: 'permission_denied' })
  })
})
