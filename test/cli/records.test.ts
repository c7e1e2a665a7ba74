import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { secrets, startTestApp, type TestApp } from '../wire/support/app.ts'
import { makeEmptyFolder, type Ran, type RunOptions, runDaybook, runOnTerminal } from './daybook.ts'

let folder: Awaited<ReturnType<typeof makeEmptyFolder>>
let app: TestApp

beforeAll(async () => {
  folder = await makeEmptyFolder()
  app = await startTestApp('postgres')
})

afterAll(async () => {
  await app.close()
  await folder.remove()
})

function daybook(args: readonly string[], input?: RunOptions['input']): Promise<Ran> {
  return runDaybook(args, { env: reach(), ...(input !== undefined && { input }) })
}

function reach(): Record<string, string> {
  return { DAYBOOK_URL: app.url, DAYBOOK_TOKEN: secrets.root }
}

function rowsOf({ stdout }: Ran): readonly Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Record<string, unknown>)
}

function ndjson(rows: readonly object[]): string {
  return rows.map(row => `${JSON.stringify(row)}\n`).join('')
}

/** Appends runs of a worker that no other test uses. */
async function givenRuns(js_worker_name: string, runs: readonly object[]): Promise<void> {
  const { code, stderr } = await daybook(
    ['append', 'js-result'],
    ndjson(runs.map(run => ({ js_worker_name, ...run }))),
  )
  expect(code, stderr).toBe(0)
}

describe('query and count', () => {
  beforeAll(async () => {
    await givenRuns('reader', [
      {
        run_type: 'call',
        start_time: Date.UTC(2026, 0, 1),
        finish_time: Date.UTC(2026, 0, 1, 0, 0, 9),
        result: 1,
      },
      { run_type: 'cron', start_time: Date.UTC(2026, 0, 2), error_message: 'Timeout', param: { a: 1, b: 2 } },
      { run_type: 'inline_call', start_time: Date.now() - 60_000, js_worker_id: 7 },
    ])
  })

  test.each<[readonly string[], readonly string[]]>([
    [[], ['inline_call', 'cron', 'call']],
    [['last'], ['inline_call']],
    [['js_worker_id=7'], ['inline_call']],
    [['run_type_in=call,cron', 'limit=1'], ['cron']],
    [['start_time_from=-1h'], ['inline_call']],
    [['start_time_from_to=2026-01-02,now'], ['inline_call', 'cron']],
    [['duration_from=9s'], ['call']],
    [['param_contains={"a":1}'], ['cron']],
    [['{"or":["is_running","is_success"]}'], ['inline_call', 'call']],
  ])('%j finds what it says', async (conditions, expected) => {
    const ran = await daybook(['query', 'js-result', 'js_worker_name=reader', ...conditions])
    expect(ran.stderr).toBe('')
    expect(rowsOf(ran).map(row => row.run_type)).toEqual(expected)
    expect(ran.code).toBe(0)
  })

  test('count says how many there are', async () => {
    expect(await daybook(['count', 'js-result', 'js_worker_name=reader'])).toEqual({
      code: 0,
      stdout: '{"count":3}\n',
      stderr: '',
    })
  })

  test('get shows one whole record, and exits with 1 where there is none', async () => {
    const [last] = rowsOf(await daybook(['query', 'js-result', 'js_worker_name=reader', 'last']))
    const got = await daybook(['get', 'js-result', String(last?.id)])
    expect(got.stderr).toBe('')
    expect(rowsOf(got)).toEqual([last])
    const absent = await daybook(['get', 'js-result', '999999999'])
    expect(absent).toMatchObject({ code: 1, stdout: '' })
    expect(absent.stderr).toContain('105')
  })

  test('values shows what a field holds, the most frequent first', async () => {
    const values = ['values', 'js-result', 'run_type', 'js_worker_name=reader']
    expect(rowsOf(await daybook(values))).toEqual([
      { value: 'call', count: 1 },
      { value: 'cron', count: 1 },
      { value: 'inline_call', count: 1 },
    ])
    const cut = await daybook([...values, '--prefix', 'c', '--top', '1'])
    expect(rowsOf(cut)).toEqual([{ value: 'call', count: 1 }])
    expect(cut.stderr).toContain('--top')
    const wrong = await daybook(['values', 'js-result', 'start_time'])
    expect(wrong).toMatchObject({ code: 1, stdout: '' })
    expect(wrong.stderr).toContain('field')
  })

  test('a terminal gets a table, and with --json lines of JSON', async () => {
    const query = ['query', 'js-result', 'js_worker_name=reader']
    const table = await runOnTerminal(query, { env: reach() })
    expect(table.stdout).toMatch(/^id +name +kind +state +start +duration +error\r\n/)
    const json = await runDaybook([...query, '--json'], { env: reach(), columns: 80 })
    expect(rowsOf(json)).toHaveLength(3)
  })

  test.each([
    [['query', 'js-result', 'limit=ten'], 'query.condition[0].limit'],
    [['query', 'js-result', 'is_failure', 'limit=-1'], 'query.condition[1].limit'],
    [['query', 'js-result', '{"limit":1,"last":null}'], 'query.condition[0]'],
  ])('%j is the server’s error with its path, and exit 1', async (args, path) => {
    const { code, stdout, stderr } = await daybook(args)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(`-32602`)
    expect(stderr).toContain(path)
  })

  test.each([
    [[]],
    [['nonsense']],
    [['query']],
    [['query', 'no-such-resource']],
    [['query', 'js-result', '--no-such-option']],
    [['query', 'js-result', '{"limit":']],
    [['get', 'js-result', 'last']],
    [['get', 'no-such-resource', '1']],
    [['values', 'js-result']],
    [['values', 'js-result', 'run_type', 'bogus=1']],
    [['count', 'js-result', 'bogus=1']],
    [['query', 'event-log', 'is_bogus']],
    [['delete', 'js-result', 'last', '--max-affected', 'few']],
  ])('%j is a usage fault, and exit 2', async args => {
    const { code, stdout, stderr } = await daybook(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).not.toBe('')
  })

  test('a reader that has seen enough ends the command quietly', async () => {
    await givenRuns(
      'chatty',
      Array.from({ length: 500 }, () => ({ run_type: 'call', param: 'x'.repeat(400) })),
    )
    const main = new URL('../../src/main.ts', import.meta.url).pathname
    const pipe = `"$0" ${main} query js-result js_worker_name=chatty | head -1; echo "$\{PIPESTATUS[0]}" >&2`
    const { execFile } = await import('node:child_process')
    const ran = await new Promise<{ stdout: string; stderr: string }>((resolve, reject) => {
      const env = { ...process.env, ...reach() }
      execFile('bash', ['-c', pipe, process.execPath], { env }, (error, stdout, stderr) =>
        error ? reject(error) : resolve({ stdout, stderr }),
      )
    })
    expect(JSON.parse(ran.stdout)).toMatchObject({ js_worker_name: 'chatty' })
    expect(ran.stderr).toBe('0\n')
  })
})

describe('append', () => {
  test('writes a record for each line and keeps numbers beyond 2^53', async () => {
    const line = '{"js_worker_name":"exact","run_type":"call","param":{"n":9007199254740993,"x":1e400}}\n'
    const { code, stdout, stderr } = await daybook(['append', 'js-result'], line.repeat(1001))
    expect({ code, stdout }).toEqual({ code: 0, stdout: '{"written":1001}\n' })
    expect(stderr).toBe('1000 rows written\n1001 rows written\n')
    const found = await daybook(['query', 'js-result', 'js_worker_name=exact', 'last'])
    expect(found.stdout).toContain(`"n":9007199254740993,`)
    const same = await daybook(['count', 'js-result', 'param_contains={"n":9007199254740993}'])
    expect(same.stdout).toBe('{"count":1001}\n')
    const other = await daybook(['count', 'js-result', 'param_contains={"n":9007199254740992}'])
    expect(other.stdout).toBe('{"count":0}\n')
  })

  test('writes what stands before a line that is no JSON, names the line and says how many were written', async () => {
    const good = '{"js_worker_name":"broken","run_type":"call"}\n'
    const { code, stdout, stderr } = await daybook(['append', 'js-result'], `${good}\n${good}{oops\n${good}`)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/line 4: /)
    expect(stderr).toMatch(/2 rows written/)
    const count = await daybook(['count', 'js-result', 'js_worker_name=broken'])
    expect(count.stdout).toBe('{"count":2}\n')
  })

  test('names the line of a row that the server refuses; nothing of its batch is written', async () => {
    const rows = [{ run_type: 'call' }, { run_type: 'call' }, { run_type: 'call', start_time: 'soon' }]
    const input = ndjson(rows.map(row => ({ js_worker_name: 'refused', ...row })))
    const { code, stderr } = await daybook(['append', 'js-result'], `\n${input}`)
    expect(code).toBe(1)
    expect(stderr).toMatch(/line 4: error -32602 /)
    expect(stderr).toMatch(/0 rows written/)
    const count = await daybook(['count', 'js-result', 'js_worker_name=refused'])
    expect(count.stdout).toBe('{"count":0}\n')
  })

  test('takes JSON as arguments, one or a list each, and a file of lines', async () => {
    const row = (n: string) => `{"js_worker_name":"argued","param":${n}}`
    const args = ['append', 'js-result', row('9007199254740993'), `[${row('2')},${row('3')}]`]
    expect(await daybook(args)).toEqual({ code: 0, stdout: '{"written":3}\n', stderr: '' })
    const path = join(folder.path, 'rows.ndjson')
    await writeFile(path, `${row('4')}\n${row('5')}\n`)
    expect(await daybook(['append', 'js-result', `@${path}`])).toMatchObject({ stdout: '{"written":2}\n' })
    expect((await daybook(['append', 'js-result', '-'], row('6'))).stdout).toBe('{"written":1}\n')
    const found = await daybook(['query', 'js-result', 'js_worker_name=argued', '--fields', 'param'])
    const params = found.stdout.match(/(?<=:)\d+/g)?.toSorted()
    expect(params).toEqual(['2', '3', '4', '5', '6', '9007199254740993'])
  })

  test('names the argument that the server refuses', async () => {
    const bad = '[{"js_worker_name":"refused"},{"js_worker_name":"refused","start_time":"soon"}]'
    const { code, stdout, stderr } = await daybook(['append', 'js-result', bad])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/row 2: error -32602 /)
  })

  test.each([[['{oops']], [['[1]']], [['"text"']], [['9007199254740993']], [['{}', '-']], [['@a', '{}']]])(
    '%j is wrong usage, and writes nothing',
    async rows => {
      expect(await daybook(['append', 'js-result', ...rows])).toMatchObject({ code: 2, stdout: '' })
    },
  )

  test('writes nothing for an empty input', async () => {
    expect(await daybook(['append', 'event-log'], '')).toMatchObject({ code: 0, stdout: '{"written":0}\n' })
  })
})

describe('delete', () => {
  async function remaining(name: string): Promise<unknown> {
    return rowsOf(await daybook(['count', 'js-result', `js_worker_name=${name}`]))[0]?.count
  }

  const six = Array.from({ length: 6 }, () => ({ run_type: 'call' }))

  test('away from a terminal it deletes nothing without --yes, and exit 2', async () => {
    await givenRuns('guarded', six)
    const ran = await daybook(['delete', 'js-result', 'js_worker_name=guarded'])
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 2, stdout: '' })
    expect(await remaining('guarded')).toBe(6)
  })

  test('with --dry-run it says how many, shows some of them, and deletes nothing', async () => {
    await givenRuns('dry', six)
    const ran = await daybook(['delete', 'js-result', 'js_worker_name=dry', '--dry-run'])
    expect(rowsOf(ran)).toEqual([{ success: true, deleted: 0, condition_count: 1, would_delete: 6 }])
    expect(ran.stderr.match(/ dry +call /g)).toHaveLength(5)
    expect(ran.stderr).toContain('… and 1 more')
    expect(await remaining('dry')).toBe(6)
  })

  test('with --yes it deletes what a query with the same conditions finds', async () => {
    await givenRuns('confirmed', six)
    const ran = await daybook(['delete', 'js-result', 'js_worker_name=confirmed', 'limit=4', '--yes'])
    expect(ran).toMatchObject({ code: 0, stdout: '{"success":true,"deleted":4,"condition_count":2}\n' })
    expect(await remaining('confirmed')).toBe(2)
  })

  test.each([['--yes'], ['--dry-run']])(
    'with --max-affected it fails when more are found (%s)',
    async flag => {
      await givenRuns(`many${flag}`, six)
      const name = `js_worker_name=many${flag}`
      const ran = await daybook(['delete', 'js-result', name, flag, '--max-affected', '5'])
      expect(ran).toMatchObject({ code: 1, stdout: '' })
      expect(await remaining(`many${flag}`)).toBe(6)
    },
  )

  test.each([
    ['y\n', 0],
    ['\n', 6],
    ['\u0004', 6],
  ])('on a terminal it shows them and asks; %j leaves as many as it should', async (typed, left) => {
    const name = `asked-${typed.codePointAt(0)}-${typed.length}`
    await givenRuns(name, six)
    const args = ['delete', 'js-result', `js_worker_name=${name}`]
    const ran = await runOnTerminal(args, { env: reach(), typing: { after: '[y/N] ', text: typed } })
    expect(ran.stdout).toContain('Delete 6 of js-result? [y/N]')
    expect(ran.code).toBe(0)
    expect(await remaining(name)).toBe(left)
  })

  test('without a condition it deletes nothing unless "all" is said', async () => {
    await givenRuns('everything', six)
    const ran = await daybook(['delete', 'js-result', '--yes'])
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain('108')
    expect(await remaining('everything')).toBe(6)
  })
})

test('a record cannot drive the terminal of who looks at it', async () => {
  await givenRuns('evil', [
    { run_type: 'call', error_message: '\u001b[2J\u009b31m\u202e\r\n', param: '\u007f' },
  ])
  const query = ['query', 'js-result', 'js_worker_name=evil']
  for (const flags of [[], ['--json']]) {
    const { stdout } = await runDaybook([...query, ...flags], { env: reach(), columns: 200 })
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u)
    expect(stdout).toContain('\\u001b')
  }
})
