import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { databaseFault, toConnectError } from '../../src/database/database-error.ts'
import { describeEngines } from '../support/databases.ts'
import { fault } from '../token/tokens.ts'
import { scriptOf, startWorkers, type TestWorkers, workerLimit } from './workers.ts'

const call = { entry: 'onCall', runType: 'call', params: null, caller: undefined } as const

describeEngines('the runs of script workers', open => {
  let database: Database
  let workers: TestWorkers

  beforeAll(async () => {
    database = await open()
    workers = await startWorkers(database)
  })
  afterAll(() => workers.close())

  const row = async (id: number) => JSON.parse((await workers.scripts.read(id)) ?? 'null')
  const limited = (pattern: string, ...verbs: readonly string[]) =>
    workers.tokens.create(workerLimit(pattern, ...verbs))

  describe('the record', () => {
    test.each([
      ['nothing', 'onCall() {}', null],
      ['null', 'onCall: () => null', null],
      ['false', 'onCall: () => false', false],
      ['an object', 'onCall: async () => ({ a: [1, "x"] })', { a: [1, 'x'] }],
    ])('of a script that returns %s is a success', async (_what, members, result) => {
      await workers.call('js-worker_delete', { name: 'returns' }).catch(() => undefined)
      await workers.add('returns', members)
      const { id } = await workers.run('returns')
      expect(await row(id)).toMatchObject({ result, error_message: null, finish_time: expect.any(Number) })
      const condition = [{ id }, 'is_success']
      expect(await workers.call('js-result_count', { query: { condition } })).toEqual({ count: 1 })
    })

    test.each([
      ['throws', 'onCall() { throw new RangeError("too far") }', /^script_error: RangeError: too far/],
      ['has no such entry point', 'onCron() {}', /^script_entry_missing/],
      ['never ends', 'onCall() { for (;;); }', /^script_timeout/],
      ['never settles', 'onCall: () => new Promise(() => {})', /^script_never_settles/],
      ['fills its heap', 'onCall() { for (const a = [];;) a.push(new Array(1000).fill(1)) }', /^script_/],
      ['recurses', 'onCall() { const f = () => 1 + f(); return f() }', /^script_stack_overflow/],
      ['returns a NUL', 'onCall: () => ({ a: ["\\0"] })', /^script_error: .*a\[0\]/],
      ['returns half a character', 'onCall: () => "\\ud800"', /^script_error/],
      ['returns a deep list', 'onCall: () => JSON.parse("[".repeat(100) + "]".repeat(100))', /^script_error/],
      ['throws a NUL', 'onCall() { throw new Error("a\\0b\\ud800") }', /^script_error: Error: a/],
    ])('of a script that %s is a failure that says why', async (_what, members, message) => {
      await workers.call('js-worker_delete', { name: 'fails' }).catch(() => undefined)
      await workers.add('fails', members, { max_run_time: 500 })
      const failed = await workers.run('fails')
      expect(failed).toMatchObject({ result: null, finish_time: expect.any(Number) })
      expect(failed.error_message).toMatch(message)
      await workers.add('well', 'onCall: () => 1')
      expect(await workers.run('well')).toMatchObject({ result: 1 })
      await workers.call('js-worker_delete', { name: 'well' })
    })

    test.each([
      ['the least heap', { max_heap_size: 1 }],
      ['the least stack', { max_stack_size: 1 }],
      ['the least time', { max_run_time: 1 }],
    ])('ends also with %s', async (_what, limits) => {
      await workers.call('js-worker_delete', { name: 'least' }).catch(() => undefined)
      await workers.add('least', 'onCall() { let sum = 0; while (sum < 1e7) sum++; return sum }', limits)
      const failed = await workers.run('least')
      expect(failed.error_message).toMatch(/^script_[a-z_]+: /)
    })

    test('says on the console what the script did not await, and failed after it had returned', async () => {
      await workers.add(
        'leaves',
        `onCall(p, e, ctx) { ctx.call('js-worker_read', { name: 'nobody' }); return 1 }`,
      )
      expect(await workers.run('leaves')).toMatchObject({ result: 1, error_message: null })
      const line = expect.stringMatching(/^leaves error call failed after .*: \S/)
      await expect.poll(() => workers.console).toContainEqual(line)
    })

    test('of a script that leaves a rejected promise behind is a failure, with all it was rejected with', async () => {
      await workers.add(
        'rejects',
        `async onCall() {
          const lost = async () => { await null; throw Object.assign(new Error('lost', { cause: new TypeError('root') }), { code: 'E7' }) }
          lost()
          return 1
        }`,
      )
      const { result, error_message } = await workers.run('rejects')
      expect(result).toBeNull()
      expect(error_message).toMatch(
        /^script_error: unhandled rejection: Error: lost\n {2}code: E7\n.*caused by: TypeError: root/s,
      )
    })

    test('names the server that runs it, and is not overwritten once it has ended otherwise', async () => {
      await workers.add('rescued', 'onCall: (p, e, ctx) => ctx.send(1).then(() => 1)')
      const release = workers.holdSending()
      const started = await workers.scripts.start({ ...call, worker: 'rescued' })
      const own = database.kysely.selectFrom('js_result').select('owner').where('id', '=', started.id)
      expect(await own.executeTakeFirst()).toEqual({ owner: 'server' })
      await database.kysely
        .updateTable('js_result')
        .set({ error_message: 'rescued', finish_time: new Date(0) })
        .where('id', '=', started.id)
        .execute()
      release()
      expect((await started.done).outcome).toEqual({ kind: 'returned', result: '1' })
      expect(await row(started.id)).toMatchObject({ result: null, error_message: 'rescued', finish_time: 0 })
    })

    test('of runs that begin and end together is each its own', async () => {
      await workers.add('gathered', 'onCall: n => n % 3 === 0 ? "\\ud800" : n % 3 === 1 ? { n } : missing')
      const rows = await Promise.all(Array.from({ length: 30 }, (_, n) => workers.run('gathered', n)))
      expect(new Set(rows.map(each => each.id)).size).toBe(30)
      for (const [n, each] of rows.entries()) {
        expect(each).toEqual(await row(each.id))
        expect(each).toMatchObject({ param: n, result: n % 3 === 1 ? { n } : null })
        expect(each.error_message === null).toBe(n % 3 === 1)
      }
    })

    test('is of the worker as it is now, whichever server has changed it', async () => {
      const other = await startWorkers(database)
      try {
        const run = (env?: object) => workers.run('moved', null, env && { env })
        await workers.add('moved', 'onCall: () => 1', { env: { a: 1 } })
        expect(await run()).toMatchObject({ result: 1 })
        const changes = { js_script_base64: scriptOf('onCall: (_, env) => env'), open_env: ['a'] }
        const { root } = workers.tokens
        await other.call('js-worker_update', { name: 'moved', ...changes }, root)
        expect(await run({ a: 2 })).toMatchObject({ result: { a: 2 } })
        await other.call('js-worker_update', { name: 'moved', open_env: [] }, root)
        await expect(run({ a: 3 })).rejects.toMatchObject({ data: { reason: 'env_not_open' } })
        await other.call('js-worker_delete', { name: 'moved' }, root)
        await expect(run()).rejects.toMatchObject({ data: { reason: 'js_worker_not_found' } })
      } finally {
        await other.close()
      }
    })

    test('of another server is not ended by this one', async () => {
      await workers.add('stolen', 'onCall: (p, e, ctx) => ctx.send(1).then(() => 1)')
      const release = workers.holdSending()
      const started = await workers.scripts.start({ ...call, worker: 'stolen' })
      await database.kysely
        .updateTable('js_result')
        .set({ owner: 'another' })
        .where('id', '=', started.id)
        .execute()
      release()
      await started.done
      expect(await row(started.id)).toMatchObject({ result: null, finish_time: null })
    })
  })

  describe('the database', () => {
    /** Every end of a run fails as often as `faults` has errors. */
    function failing(faults: unknown[]): Database {
      const run: Database['run'] = async (statement, values) => {
        const error = statement.sql.includes('update js_result') ? faults.shift() : undefined
        if (error !== undefined) throw error
        return database.run(statement, values)
      }
      return Object.create(database, { run: { value: run } })
    }

    test('that fails while a run ends is asked again', async () => {
      const faults = [toConnectError(new Error('gone')), databaseFault('connection_lost')]
      const other = await startWorkers(failing(faults))
      await workers.add('asked_again', 'onCall: () => 1')
      const { id, done } = await other.scripts.start({ ...call, worker: 'asked_again' })
      await done
      expect(await row(id)).toMatchObject({ result: 1 })
      expect(other.errors).toEqual([])
      await other.close()
    })

    test('that fails for another reason is told about', async () => {
      const other = await startWorkers(failing([new TypeError('a fault of ours')]))
      await workers.add('told_about', 'onCall: () => 1')
      const { done } = await other.scripts.start({ ...call, worker: 'told_about' })
      expect((await done).outcome).toMatchObject({ kind: 'returned' })
      expect(other.errors).toEqual([expect.any(TypeError)])
      await other.close()
    })

    test('has the last word: what it changes is run by every server from then on', async () => {
      const other = await startWorkers(database)
      const start = async () => {
        const { done } = await other.scripts.start({ ...call, worker: 'changing' })
        return (await done).outcome
      }
      await workers.add('changing', 'onCall: () => 1')
      expect(await start()).toMatchObject({ result: '1' })
      expect(await start()).toMatchObject({ result: '1' })
      await workers.call('js-worker_update', { name: 'changing', env: { two: 2 } })
      const script = Buffer.from('export default { onCall: (_, env) => env.two }').toString('base64')
      await workers.call('js-worker_update', { name: 'changing', js_script_base64: script })
      expect(await start()).toMatchObject({ result: '2' })
      await workers.call('js-worker_delete', { name: 'changing' })
      await expect(start()).rejects.toMatchObject(fault(105, 'js_worker_not_found'))
      await other.close()
    })
  })

  describe('ctx.call', () => {
    const members = `onCall: async (names, env, ctx) => Promise.all(names.map(name =>
      ctx.call('js-worker_read', { name }).then(() => 'read', error => error.data.reason)))`

    test('does only what both caller and owner may', async () => {
      const owner = await limited('both_*', 'create', 'read')
      const wide = await limited('*', 'read', 'run_defined_js_worker')
      await workers.add('both_script', members, {}, owner.credential)
      for (const name of ['both_a', 'both_b', 'other_a']) await workers.add(name, '')
      const names = ['both_a', 'both_b', 'other_a']
      const narrow = await limited('both_script', 'run_defined_js_worker')
      const no = 'permission_denied'
      // The caller's token names the script for running and `both_a*` for reading.
      const both = await workers.tokens.create([
        ...workerLimit('both_a*', 'read'),
        ...workerLimit('both_script', 'run_defined_js_worker'),
      ])
      const results = async (credential: string) =>
        (await workers.run('both_script', names, {}, credential)).result
      expect(await results(both.credential)).toEqual(['read', no, no])
      expect(await results(wide.credential)).toEqual(['read', 'read', no])
      expect(await results(narrow.credential)).toEqual([no, no, no])
      expect(await results(workers.tokens.root)).toEqual(['read', 'read', no])
    })

    test('without a caller does what the owner may', async () => {
      const { done } = await workers.scripts.start({
        ...call,
        worker: 'both_script',
        params: ['both_a', 'other_a'],
      })
      expect((await done).outcome).toMatchObject({ result: '["read","permission_denied"]' })
    })

    test.each([
      ['a token', `'js-worker_read', { name: 'a', token: 'x:y' }`, 'token_not_allowed'],
      ['parameters by position', `'js-worker_read', ['x:y', 'a']`, 'invalid_params'],
      ['text for parameters', `'js-worker_read', 'a'`, 'invalid_params'],
      ['no method', `undefined`, 'invalid_params'],
      ['a NUL', `'js-worker_read', { name: '\\0' }`, 'nul_character'],
      [
        'what is nested deeply',
        `'js-worker_read', JSON.parse('{"a":'.repeat(80) + '1' + '}'.repeat(80))`,
        'too_deep',
      ],
      ['a run outside its chain', `'js-worker_run', { js_script_name: 'both_a' }`, 'outside_chain'],
      ['an event outside its chain', `'event_send', { sender: 'a' }`, 'outside_chain'],
      ['what the method refuses', `'js-worker_read', { name: 'nobody' }`, 'js_worker_not_found'],
    ])('is refused with %s', async (_what, args, reason) => {
      await workers.call('js-worker_delete', { name: 'refused' }).catch(() => undefined)
      await workers.add(
        'refused',
        `onCall: (p, e, ctx) => ctx.call(${args}).catch(error => error.data.reason)`,
      )
      expect(await workers.run('refused')).toMatchObject({ result: reason })
    })

    test('shows nothing of a fault of ours, which is told elsewhere', async () => {
      await workers.add(
        'our_fault',
        `onCall: (p, e, ctx) => ctx.call('none').catch(e => [e.message, e.code, e.data])`,
      )
      const expected = ['Internal error', -32603, { reason: 'internal_error' }]
      expect(await workers.run('our_fault')).toMatchObject({ result: expected })
      expect(workers.errors.splice(0)).toEqual([expect.objectContaining({ message: 'no method none' })])
    })

    test('ends with the token in whose name it is made, also while the script runs', async () => {
      const owner = await limited('*', 'create', 'read')
      const waiting = `onCall: async (p, e, ctx) => {
        const read = () => ctx.call('js-worker_read', { name: 'revoked' }).then(() => 'read', error => error.code)
        const first = await read()
        await ctx.send('first')
        return [first, await read()]
      }`
      await workers.add('revoked', waiting, {}, owner.credential)
      const release = workers.holdSending()
      const started = await workers.scripts.start({ ...call, worker: 'revoked' })
      await expect.poll(() => workers.sent.at(-1)?.events).toBe('first')
      await workers.tokens.call('token_delete', { token: workers.tokens.root, target_token: owner.key })
      release()
      expect((await started.done).outcome).toMatchObject({ result: '["read",102]' })
      await expect(workers.scripts.start({ ...call, worker: 'revoked' })).rejects.toMatchObject({ code: 102 })
    })
  })

  describe('ctx.send', () => {
    test('carries the chain of the run and the rights of caller and owner', async () => {
      const owner = await limited('send_*', 'create')
      const caller = await limited('send_1', 'run_defined_js_worker')
      await workers.add('send_1', `onCall: (params, e, ctx) => ctx.send(params)`, {}, owner.credential)
      const chain = { requestId: 'request', owner: 'somebody', nodeId: 'node', depth: 3 }
      const params = [{ sender: 'a', kwargs: { b: 9_007_199_254_740_991 } }]
      const identity = await workers.tokens.authenticator.authenticate(caller.credential)
      const { done } = await workers.scripts.start({
        ...call,
        worker: 'send_1',
        params,
        chain,
        caller: identity,
      })
      expect((await done).outcome).toMatchObject({ result: '{"request_id":"request"}' })
      const last = workers.sent.at(-1)
      expect(last).toMatchObject({ events: params, chain })
      expect(last?.identity.origins?.map(origin => origin.tokenKey)).toEqual([caller.key, owner.key])
    })

    test('never brings the secret of a token, which could mint a JWT that the script gives away', async () => {
      const { done } = await workers.scripts.start({ ...call, worker: 'send_1', params: { sender: 'a' } })
      expect((await done).outcome).toMatchObject({ kind: 'returned' })
      const [owner] = workers.sent.at(-1)?.identity.origins ?? []
      const recalled = await workers.tokens.authenticator.recall([{ tokenKey: owner?.tokenKey ?? '' }])
      expect(recalled).toHaveProperty('secretGeneration')
      expect(workers.sent.at(-1)?.identity).not.toHaveProperty('secretGeneration')
    })

    test('of a run outside any chain begins one, which ctx names', async () => {
      await workers.add(
        'send_2',
        `onCall: async (p, e, ctx) => {
        await ctx.send({ sender: 'a' })
        await ctx.send({ sender: 'b' })
        return ctx
      }`,
      )
      const { id, result } = await workers.run('send_2')
      expect(result).toEqual({
        id,
        runType: 'onCall',
        workerName: 'send_2',
        inlineCaller: null,
        worker: 'send_2',
        run_type: 'call',
        request_id: expect.stringMatching(/^[\da-f-]{36}$/),
        node_id: null,
      })
      const chains = workers.sent.slice(-2).map(({ chain }) => chain)
      const owner = workers.tokens.root.split(':')[0]
      const chain = { requestId: result.request_id, owner, nodeId: undefined, depth: 0 }
      expect(chains).toEqual([chain, chain])
    })
  })

  test('secrets reach the script, but no row, error, list or answer that it does not put them into', async () => {
    const env = { secrets: { key: 'hidden-value' } }
    await workers.add(
      'secretive',
      `onCall(p, env) { if (env.secrets.key.length === 12) throw new Error('known') }`,
      { env },
    )
    const texts = [
      await workers.callText('js-worker_run', { js_script_name: 'secretive', wait_ms: 10_000 }),
      await workers.callText('js-worker_read', { name: 'secretive' }),
      await workers.callText('js-worker_list'),
      await workers.callText('js-result_query', { query: { condition: [{ js_worker_name: 'secretive' }] } }),
      JSON.stringify(await database.kysely.selectFrom('js_worker').selectAll().execute()),
    ]
    expect(texts[0]).toContain('script_error: Error: known')
    expect(texts.map(text => text.includes('hidden-value'))).toEqual(Array(5).fill(false))
  })

  test('what a script writes to its console is told with its name', async () => {
    await workers.add('talks', `onCall() { console.log('one', { a: 1 }); console.error('two') }`)
    await workers.run('talks')
    expect(workers.console.slice(-2)).toEqual(['talks log one {"a":1}', 'talks error two'])
  })

  test('a run ends when it is cancelled, and at a time-out shorter than its own', async () => {
    await workers.add('endless', 'onCall() { for (;;); }')
    const stop = new AbortController()
    const cancelled = await workers.scripts.start({ ...call, worker: 'endless', signal: stop.signal })
    stop.abort()
    const { id, outcome } = await cancelled.done
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'script_cancelled' })
    expect((await row(id)).error_message).toMatch(/^script_cancelled/)
    const late = await workers.scripts.start({ ...call, worker: 'endless', timeoutMs: 100 })
    expect((await late.done).outcome).toMatchObject({ kind: 'failed', reason: 'script_timeout' })
  })
})
