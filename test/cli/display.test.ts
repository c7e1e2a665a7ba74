import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { textWidth } from '../../src/cli/terminal/visible-text.ts'
import { createClient, type NewRow } from '../../src/client/client.ts'
import { secrets, startTestApp, type TestApp } from '../wire/support/app.ts'
import { type Ran, type RunOptions, runDaybook, runOnTerminal, startDaybook } from './daybook.ts'
import { startRunning } from './running.ts'

const noon = Date.UTC(2026, 6, 1, 12)
const esc = '\u001b'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp('postgres')
  await append('shown', [
    { run_type: 'call', start_time: noon, finish_time: noon + 1234, result: { a: 1 } },
    {
      run_type: 'cron',
      start_time: noon + 1000,
      finish_time: noon + 126_000,
      error_message: `\n=Oops: ${'工'.repeat(90)}\nat line 7`,
      param: { payload: 'p'.repeat(2000) },
    },
    { run_type: 'inline_call', start_time: noon + 2000 },
  ])
  await append(
    'many',
    Array.from({ length: 40 }, (_, i) => ({ start_time: noon + i })),
  )
})

afterAll(() => app.close())

async function append(js_worker_name: string, runs: readonly Partial<NewRow<'js-result'>>[]): Promise<void> {
  const client = createClient({ url: app.url, token: secrets.root })
  await client.append(
    'js-result',
    runs.map(run => ({ js_worker_name, ...run })),
  )
}

function reach(env: Record<string, string> = {}): Record<string, string> {
  return { DAYBOOK_URL: app.url, DAYBOOK_TOKEN: secrets.root, ...env }
}

function daybook(args: readonly string[], { env, ...options }: RunOptions = {}): Promise<Ran> {
  return runDaybook(args, { env: reach(env), ...options })
}

function linesOf({ stdout }: Ran): readonly string[] {
  return stdout.trimEnd().split('\n')
}

const shown = ['query', 'js-result', 'js_worker_name=shown']
const many = ['query', 'js-result', 'js_worker_name=many']

describe('a table', () => {
  test('of runs fits 80 cells: state, start, duration and the first line of the error, but no payload', async () => {
    const lines = linesOf(await daybook([...shown, '--utc'], { columns: 80 }))
    expect(lines[0]).toMatch(/^id +name +kind +state +start +duration +error$/)
    expect(lines[1]).toMatch(/^ *\d+ +shown +inline_call +running +2026-07-01 12:00:02Z +- +-$/)
    expect(lines[2]).toMatch(/^ *\d+ +shown +cron +failure +2026-07-01 12:00:01Z +2 min 5 s +=Oops: 工.*…$/)
    expect(lines[3]).toMatch(/^ *\d+ +shown +call +success +2026-07-01 12:00:00Z +1\.23 s +-$/)
    expect(lines).toHaveLength(4)
    expect(Math.max(...lines.map(textWidth))).toBeLessThanOrEqual(80)
  })

  test('is 80 cells wide where nobody knows how wide it may be, and shows payloads when it is wide', async () => {
    const lines = linesOf(await daybook([...shown, '--output', 'table']))
    expect(lines).toHaveLength(4)
    expect(Math.max(...lines.map(textWidth))).toBeLessThanOrEqual(80)
    const wide = await daybook([...shown, '--wide'], { columns: 200 })
    expect(linesOf(wide)[0]).toMatch(/ param +result +error_message$/)
    expect(wide.stdout).toContain(`{"payload":"p`)
  })

  test.each([
    ['event-log', /^id +name +kind +state +start +duration +error$/],
    ['service-event', /^id +name +kind +time +info$/],
    ['execution-event', /^id +execution +reason +kind +last +count +message$/],
    ['change-event', /^number +kind +folder +time$/],
    ['audit-log', /^time +who +method +rows +outcome +reason$/],
  ])('of %s fits 80 cells', async (resource, titles) => {
    const client = createClient({ url: app.url, token: secrets.root })
    const long = 'x'.repeat(60)
    const rows = {
      'event-log': { full_name: long, sender: long, error_message: long, start_time: noon },
      'service-event': { project_id: long, service_id: long, service_name: long, event_info: long },
      'execution-event': { execution_id: long, name: long, namespace: long, reason: long, message: long },
    }[resource]
    if (rows !== undefined) await client.call(`${resource}_append`, { rows: [rows] })
    if (resource === 'audit-log') await client.delete('js-result', [{ id: 1_000_000 }])
    await expect.poll(() => client.count(resource as 'change-event', [])).toBeGreaterThan(0)
    const lines = linesOf(await daybook(['query', resource, 'limit=1'], { columns: 80 }))
    expect(lines[0]).toMatch(titles)
    expect(lines).toHaveLength(2)
    expect(Math.max(...lines.map(textWidth))).toBeLessThanOrEqual(80)
  })

  test('has 30 rows on a terminal unless asked, and says that there are more', async () => {
    const looking = await daybook(many, { columns: 80 })
    expect(linesOf(looking)).toHaveLength(31)
    expect(looking.stderr).toContain('the newest 30;')
    expect(linesOf(await daybook([...many, 'limit=35'], { columns: 80 }))).toHaveLength(36)
    for (const scripted of [await daybook(many), await daybook([...many, '--json'], { columns: 80 })]) {
      expect(linesOf(scripted)).toHaveLength(40)
      expect(scripted.stderr).toBe('')
    }
  })
})

describe('--fields', () => {
  test('takes members and columns, in this order, in every format', async () => {
    const failed = [...shown, 'is_failure', '--fields', 'run_type, state,duration']
    expect(linesOf(await daybook(failed, { columns: 80 }))).toEqual([
      'run_type  state     duration',
      'cron      failure  2 min 5 s',
    ])
    expect((await daybook(failed)).stdout).toBe('{"run_type":"cron","state":"failure","duration":125000}\n')
    expect((await daybook([...failed, '--output', 'csv'])).stdout).toBe(
      'run_type,state,duration\r\n"cron","failure",125000\r\n',
    )
  })

  test('that a record does not have are wrong usage, and the nearest one is named', async () => {
    const ran = await daybook([...shown, '--fields', 'id,startTime'])
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 2, stdout: '' })
    expect(ran.stderr).toContain('(did you mean start_time?)')
    expect((await daybook([...shown, '--fields', 'id,'])).code).toBe(2)
  })
})

describe('--output', () => {
  test('json is one array, ndjson lines, csv a file for a spreadsheet', async () => {
    const query = [...shown, '--output']
    const json = (await daybook([...query, 'json'], { columns: 80 })).stdout
    const ndjson = (await daybook([...query, 'ndjson'], { columns: 80 })).stdout
    expect(JSON.parse(json)).toEqual(
      ndjson
        .trim()
        .split('\n')
        .map(line => JSON.parse(line)),
    )
    const csv = (await daybook([...query, 'csv', '--fields', 'id,error_message', 'is_failure'])).stdout
    expect(csv).toMatch(/^id,error_message\r\n\d+,"\n=Oops: 工+\nat line 7"\r\n$/)
    const start = [...query, 'csv', '--fields', 'start_time,duration', 'is_failure']
    expect((await daybook(start)).stdout).toBe('start_time,duration\r\n2026-07-01T12:00:01.000Z,125000\r\n')
    expect((await daybook(['count', 'js-result', '--output', 'csv'])).stdout).toBe('count\r\n43\r\n')
    expect((await daybook([...query, 'json', 'id=0'])).stdout).toBe('[]\n')
  })

  test.each([[['--output', 'xml']], [['--output', 'csv', '--json']]])('%j is wrong usage', async flags => {
    expect(await daybook([...shown, ...flags])).toMatchObject({ code: 2, stdout: '' })
  })
})

test.each([
  [['query', 'event-log', 'id=0']],
  [['export', 'event-log', 'id=0']],
  [['handlers', 'list']],
  [['workers', 'list']],
  [['sinks', 'list']],
  [['sinks', 'status']],
  [['retention', 'list']],
  [['profile', 'list']],
])('%j that finds nothing says so, and exit 0', async args => {
  const ran = await daybook(args)
  expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 0, stdout: '' })
  expect(ran.stderr).toMatch(/^no /)
  expect((await daybook(args, { columns: 80 })).stdout).toBe('')
})

describe('colours', () => {
  const red = `${esc}[31m`

  test.each<[boolean, readonly string[], RunOptions]>([
    [true, [], { columns: 80, env: { NO_COLOR: '' } }],
    [false, [], { columns: 80, env: { NO_COLOR: '1' } }],
    [false, ['--no-color'], { columns: 80, env: { NO_COLOR: '' } }],
    [false, [], { columns: 80, env: { NO_COLOR: '', TERM: 'dumb' } }],
    [false, ['--output', 'table'], { env: { NO_COLOR: '' } }],
    [true, ['--output', 'table'], { env: { NO_COLOR: '1', FORCE_COLOR: '1' } }],
    [false, ['--json'], { columns: 80, env: { NO_COLOR: '', FORCE_COLOR: '1' } }],
  ])('are %j with %j in %j', async (isColoured, flags, options) => {
    const { stdout } = await daybook([...shown, ...flags], options)
    expect(stdout.includes(`${red}failure`)).toBe(isColoured)
    expect(stdout.includes(esc)).toBe(isColoured)
  })
})

test('times are those of this machine, and mean the same when they are pasted; --utc is UTC', async () => {
  const env = reach({ TZ: 'America/New_York' })
  const table = [...shown, '--output', 'table']
  const local = await startDaybook([...table, '--fields', 'start'], { env })
  expect(linesOf(local)[1]?.trim()).toBe('2026-07-01 08:00:02')
  const utc = await startDaybook([...table, '--fields', 'start', '--utc'], { env })
  expect(linesOf(utc)[1]?.trim()).toBe('2026-07-01 12:00:02Z')
  const pasted = await startDaybook(
    ['count', 'js-result', 'js_worker_name=shown', 'start_time_from=2026-07-01 08:00:01'],
    { env },
  )
  expect(pasted.stdout).toBe('{"count":2}\n')
})

test('a table longer than the screen goes through PAGER, unless --no-pager', async () => {
  const env = reach({ PAGER: 'sed s/^/paged:/' })
  const paged = await runOnTerminal(many, { env })
  expect(paged.stdout.match(/^paged: *\d+ {2}many /gm)).toHaveLength(30)
  expect(paged.code).toBe(0)
  const plain = await runOnTerminal([...many, '--no-pager'], { env })
  expect(plain.stdout).not.toContain('paged:')
  const missing = await runOnTerminal(many, { env: { ...env, PAGER: 'no-such-pager-anywhere' } })
  expect(missing.stdout.match(/^ *\d+ {2}many /gm)).toHaveLength(30)
})

test('--watch asks again until Ctrl-C, and that is no failure', async () => {
  const query = ['query', 'js-result', 'js_worker_name=watched', '--fields', 'run_type', '--watch', '0.1']
  const watching = startRunning(query, reach())
  await expect.poll(watching.stderr, { timeout: 20_000 }).toContain('no record fulfils the conditions')
  await append('watched', [{ run_type: 'late' }])
  await expect
    .poll(watching.stdout, { timeout: 20_000 })
    .toContain('{"run_type":"late"}\n{"run_type":"late"}\n')
  expect(await watching.stop()).toBe(0)
  expect(await daybook([...shown, '--watch', 'is_failure'])).toMatchObject({ code: 2, stdout: '' })
})
