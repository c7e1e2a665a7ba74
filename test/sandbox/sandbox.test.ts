import { afterAll, describe, expect, it } from 'vitest'
import { createSandbox, entryPoints } from '../../src/sandbox/sandbox.ts'
import { limits, onCall, reasonOf, resultOf, runOf, withSandbox } from './script-runs.ts'

const sandbox = createSandbox({ threads: 2 })
afterAll(() => sandbox.close())

describe('a script', () => {
  it.each(entryPoints)('is entered at %s with params, env and ctx', async entry => {
    const source = `export default { ${entry}(params, env, ctx) { return { params, env, id: ctx.request_id } } }`
    const given = { entry, params: '[1]', env: '{"k":"v"}', context: '{"request_id":"r"}' }
    expect(await resultOf(sandbox, source, given)).toEqual({ params: [1], env: { k: 'v' }, id: 'r' })
  })

  it('is called on its default export, which may be a class instance', async () => {
    const source = 'class Job { base = 2; onCall() { return this.base } }\nexport default new Job()'
    expect(await resultOf(sandbox, source)).toBe(2)
  })

  it('may await at its top level, timers and promises', async () => {
    const source = `const base = await new Promise(resolve => setTimeout(resolve, 5, 40))
      export default { async onCall() { return base + await Promise.resolve(2) } }`
    expect(await resultOf(sandbox, source)).toBe(42)
  })

  it('may export a function named then', async () => {
    const source = 'export function then() {}\nexport default { onCall() { return 1 } }'
    expect(await resultOf(sandbox, source)).toBe(1)
  })

  it('returns null for undefined', async () => {
    expect(await resultOf(sandbox, onCall(''))).toBeNull()
  })

  it('keeps every character of a text on its way in and out', async () => {
    const text = 'é😀\u0000\u2028"\\'
    const params = JSON.stringify(text)
    expect(await resultOf(sandbox, onCall('return params'), { params })).toBe(text)
  })

  it('clears timers', async () => {
    const body = `let fired = false
      clearTimeout(setTimeout(() => { fired = true }, 1))
      await new Promise(resolve => setTimeout(resolve, 20))
      return fired`
    expect(await resultOf(sandbox, onCall(body))).toBe(false)
  })

  it('leaves nothing behind for the next run of the same script', async () => {
    const source = onCall('globalThis.count = (globalThis.count ?? 0) + 1; return count')
    for (let i = 0; i < 3; i++) expect(await resultOf(sandbox, source)).toBe(1)
  })
})

describe('a call of the host', () => {
  it.each(['send', 'call', 'inlineCall'])('is made by ctx.%s', async name => {
    const result = await resultOf(
      sandbox,
      onCall(`return ctx.${name}('a', { b: undefined, c: 1 }, undefined)`),
    )
    expect(result).toEqual({ name, args: ['a', { c: 1 }, null] })
  })

  it('rejects in the script with message, code and data', async () => {
    const host = async () => {
      throw Object.assign(new Error('denied'), { code: 102, data: { reason: 'permission' } })
    }
    const body =
      'try { await ctx.call() } catch (e) { return [e instanceof Error, e.message, e.code, e.data] }'
    const result = await resultOf(sandbox, onCall(body), { host })
    expect(result).toEqual([true, 'denied', 102, { reason: 'permission' }])
  })

  it('is not aborted when the script returned without awaiting it', async () => {
    const aborted: boolean[] = []
    const { promise: release, resolve } = Promise.withResolvers<void>()
    const host = async (_name: string, _args: string, signal: AbortSignal) => {
      await release
      aborted.push(signal.aborted)
      return 'null'
    }
    await resultOf(sandbox, onCall('ctx.send("x")'), { host })
    resolve()
    await expect.poll(() => aborted).toEqual([false])
  })

  it('is aborted when the script fails', async () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const host = async (_name: string, _args: string, signal: AbortSignal) => {
      signal.addEventListener('abort', () => resolve('aborted'))
      return new Promise<string>(() => {})
    }
    await sandbox.run(runOf(onCall('ctx.send("x"); throw new Error("no")'), { host }))
    expect(await promise).toBe('aborted')
  })

  it('is refused beyond a hundred at once', async () => {
    const body = `const calls = Array.from({ length: 101 }, () => ctx.call())
      const settled = await Promise.allSettled(calls)
      return settled.map(each => each.status).filter(status => status === 'rejected').length`
    expect(await resultOf(sandbox, onCall(body))).toBe(1)
  })

  it('is refused when its arguments are more than a mebibyte', async () => {
    const body = 'return ctx.call("x".repeat(1100000)).catch(error => error.name)'
    expect(await resultOf(sandbox, onCall(body))).toBe('RangeError')
  })

  it('is fetch, with the answer made in the script', async () => {
    const asked: string[] = []
    const host = async (name: string, args: string) => {
      asked.push(name, args)
      return '{"status":201,"headers":{"Content-Type":"a/b"},"body":"[7]"}'
    }
    const body = `const answer = await fetch('http://x/', { method: 'PUT', headers: { a: 'b' }, body: 'c' })
      return [answer.ok, answer.status, answer.headers.get('content-TYPE'), answer.headers.get('none'),
        await answer.text(), await answer.json()]`
    expect(await resultOf(sandbox, onCall(body), { host })).toEqual([true, 201, 'a/b', null, '[7]', [7]])
    expect(asked).toEqual([
      'fetch',
      '["http://x/",{"method":"PUT","headers":{"a":"b","content-type":"text/plain;charset=UTF-8"},"body":"c"}]',
    ])
  })
})

describe('an error of a script', () => {
  it('is told with its stack, by the lines of the source', async () => {
    const source =
      'const f = () => {\n  throw new TypeError("bad")\n}\nexport default { onCall() {\n  [1].map(f) } }'
    const outcome = await sandbox.run(runOf(source))
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'script_error' })
    const lines = outcome.kind === 'failed' ? outcome.message.split('\n') : []
    expect(lines[0]).toBe('script_error: TypeError: bad')
    expect(lines.slice(1).map(line => line.replace(/:\d+\)$/, ')').trim())).toEqual([
      'at f (tested:2)',
      'at onCall (tested:5)',
    ])
  })

  it.each([
    ['5', '5'],
    ['null', 'null'],
    ['{ a: 1 }', '{"a":1}'],
    ['Symbol("s")', 'Symbol(s)'],
    ['Object.create(null)', '{}'],
    ['{ get message() { throw 1 } }', 'threw an error that cannot be read'],
  ])('may be anything, as %s', async (thrown, told) => {
    const outcome = await sandbox.run(runOf(onCall(`throw ${thrown}`)))
    expect(outcome).toEqual({ kind: 'failed', reason: 'script_error', message: `script_error: ${told}` })
  })

  it('has at most four kibibytes, and nothing a text column refuses', async () => {
    const outcome = await sandbox.run(runOf(onCall('throw new Error("\\0\\ud800" + "é".repeat(9000))')))
    const message = outcome.kind === 'failed' ? outcome.message : ''
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(4096)
    expect(Buffer.byteLength(message)).toBeGreaterThan(4000)
    expect(message).toContain('\ufffd\ufffdé')
  })

  it('in a timer ends the run', async () => {
    const body = 'setTimeout(() => { throw new Error("late") }); await new Promise(() => {})'
    const outcome = await sandbox.run(runOf(onCall(body)))
    expect(outcome).toMatchObject({ reason: 'script_error' })
  })

  it.each([
    ['script_entry_missing', 'export default { onEvent() {} }'],
    ['script_entry_missing', 'export const onCall = () => 1'],
    ['script_entry_missing', 'export default null'],
    ['script_syntax_error', 'export default {'],
    ['script_syntax_error', 'import fs from "fs"\nexport default {}'],
    ['script_error', 'throw new SyntaxError("thrown, not parsed")'],
    ['script_error', 'export default { onCall() { const a = []; a.push(a); return a } }'],
    ['script_never_settles', 'await new Promise(() => {})\nexport default {}'],
  ])('is %s for %s', async (reason, source) => {
    expect(reasonOf(await sandbox.run(runOf(source)))).toBe(reason)
  })
})

describe('what an error holds', () => {
  const told = async (body: string) => {
    const outcome = await sandbox.run(runOf(onCall(body)))
    return outcome.kind === 'failed' ? outcome.message.replace(/\n +at .*/g, '') : outcome
  }

  it('is told with it: code, detail and whatever else it has', async () => {
    const body = `throw Object.assign(new Error('bad'), { code: 'E1', detail: 'why', data: { a: [1] }, status: 4 })`
    expect(await told(body)).toBe(
      'script_error: Error: bad\n  code: E1\n  detail: why\n  data: {"a":[1]}\n  status: 4',
    )
  })

  it('is told with it: its causes and the errors of an AggregateError, at any depth', async () => {
    const body = `const inner = Object.assign(new RangeError('inner'), { code: 7 })
      const first = new Error('first', { cause: new TypeError('middle', { cause: inner }) })
      throw new AggregateError([first, 'second'], 'all')`
    expect((await told(body)).toString().split('\n')).toEqual([
      'script_error: AggregateError: all',
      'errors[0]: Error: first',
      'caused by: TypeError: middle',
      'caused by: RangeError: inner',
      '  code: 7',
      'errors[1]: second',
    ])
  })

  it('is bounded: a cause of itself, a thousand causes, a message of a megabyte', async () => {
    expect(await told(`const a = new Error('a'); a.cause = a; throw a`)).toBe(
      'script_error: Error: a\ncaused by: [Circular]',
    )
    const chain = `let e = new Error('end'); for (let i = 0; i < 1000; i++) e = new Error('e' + i, { cause: e }); throw e`
    expect((await told(chain)).toString().split('\n')).toHaveLength(33)
    const long = `throw new Error('x'.repeat(1e6), { cause: new Error('still told') })`
    expect(await told(long)).toContain('caused by: Error: still told')
  })

  it('that cannot be read leaves the error as it is', async () => {
    expect(await told(`throw Object.assign(new Error('bad'), { get code() { throw 1 } })`)).toContain('1')
    const body = `const e = new Error('bad'); Object.defineProperty(e, 'code', { enumerable: true, get() { throw 1 } }); throw e`
    expect(await told(body)).toBe('script_error: Error: bad')
  })
})

describe('a rejected promise that nobody awaits', () => {
  it.each([
    ['at once', 'Promise.reject(new Error("lost")); return 1'],
    [
      'later, of an async function',
      'const f = async () => { await null; throw new Error("lost") }; f(); return 1',
    ],
    [
      'of a call of the host',
      'ctx.call().then(() => { throw new Error("lost") }); await ctx.call(); return 1',
    ],
    [
      'while the script waits',
      'Promise.reject(new Error("lost")); await new Promise(r => setTimeout(r, 60_000))',
    ],
    [
      'of a timer that is async',
      'setTimeout(async () => { throw new Error("lost") }); await new Promise(r => setTimeout(r, 60_000))',
    ],
    ['of a microtask', 'queueMicrotask(() => { throw new Error("lost") }); return 1'],
  ])('fails the run: %s', async (_when, body) => {
    const outcome = await sandbox.run(runOf(onCall(body)))
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'script_error' })
    expect(outcome.kind === 'failed' && outcome.message).toMatch(
      /^script_error: unhandled rejection: Error: lost/,
    )
  })

  it.each([
    ['caught', 'Promise.reject(1).catch(() => 0); return 1'],
    [
      'awaited in the same turn',
      'const p = Promise.reject(1); await null; try { await p } catch {} return 1',
    ],
    ['gathered', 'await Promise.allSettled(Array.from({ length: 500 }, () => Promise.reject(1))); return 1'],
    [
      'raced',
      'await Promise.any([Promise.reject(1), 2]); await Promise.race([1, Promise.reject(2)]); return 1',
    ],
  ])('is none when it is %s', async (_how, body) => {
    expect(await resultOf(sandbox, onCall(body))).toBe(1)
  })

  it('is told with its cause, and leaves the thread as it was', async () => {
    const body = 'Promise.reject(new Error("lost", { cause: new Error("root") })); return 1'
    for (let i = 0; i < 3; i++) {
      const outcome = await sandbox.run(runOf(onCall(body)))
      expect(outcome.kind === 'failed' && outcome.message).toContain('caused by: Error: root')
    }
    expect(await resultOf(sandbox, onCall('return 1'))).toBe(1)
  })
})

describe('the console of a script', () => {
  it('formats as others do: %s, %d, %i, %f, %j, %o, %c and %%', async () => {
    const lines: string[] = []
    const onConsole = (_level: string, text: string) => lines.push(text)
    const body = `console.log('%s is %d, %i, %f, %j, %o, %%, %c.', 'Bob', 42, 4.9, '1.5', { x: 1 }, [1], 'css', 'rest')
      console.log('100%', 5); console.log('%s'); console.log('%d', {}); console.log('a', '%s')`
    await resultOf(sandbox, onCall(body), { onConsole })
    expect(lines).toEqual(['Bob is 42, 4, 1.5, {"x":1}, [1], %, . rest', '100% 5', '%s', 'NaN', 'a %s'])
  })

  it('shows what JSON would drop: circles, maps, sets, errors, undefined, NaN, functions, bytes', async () => {
    const lines: string[] = []
    const onConsole = (_level: string, text: string) => lines.push(text.replace(/\n +at .*/g, ''))
    const body = `const o = { a: 1, u: undefined, n: [NaN, -0], f() {} }; o.self = o; console.log(o)
      console.log(new Map([['k', { v: 1n }]]), new Set([1, 'a']))
      console.log(new Error('e', { cause: new TypeError('c') })); console.log({ e: Object.assign(new Error('in'), { code: 5 }) })
      console.log(new (class Point { x = 1 })(), new Uint8Array([1, 2]), new Date(0), /x/g, Symbol('s'))
      console.log(new Proxy({}, { ownKeys() { throw new Error('no') } }), new URL('http://x/'))`
    await resultOf(sandbox, onCall(body), { onConsole })
    expect(lines).toEqual([
      '{"a":1,"u":undefined,"n":[NaN,-0],"f":[Function f],"self":[Circular]}',
      'Map(1) {"k" => {"v":1}} Set(2) {1,"a"}',
      'Error: e {cause:TypeError: c}',
      '{"e":Error: in {"code":5}}',
      'Point {"x":1} Uint8Array(2) [1,2] "1970-01-01T00:00:00.000Z" /x/g Symbol(s)',
      '[unprintable] "http://x/"',
    ])
  })

  it('reaches the host line by line, with its level, in order', async () => {
    const lines: string[][] = []
    const onConsole = (level: string, text: string) => lines.push([level, text])
    const body = `console.log('a', 1, { b: [2] }, null, undefined); console.warn(new TypeError('t'))
      console.error(); console.debug(1n); console.info({ toJSON() { throw 1 } })`
    await resultOf(sandbox, onCall(body), { onConsole })
    expect(lines).toEqual([
      ['log', 'a 1 {"b":[2]} null undefined'],
      ['warn', expect.stringMatching(/^TypeError: t\n +at onCall \(tested:3:\d+\)$/)],
      ['error', ''],
      ['debug', '1'],
      ['info', '[unprintable]'],
    ])
  })

  it('reaches the host while the script still runs', async () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const onConsole = (_level: string, text: string) => resolve(text)
    const host = async () => JSON.stringify(await promise)
    expect(
      await resultOf(sandbox, onCall('console.log("now"); return ctx.call()'), { onConsole, host }),
    ).toBe('now')
  })
})

describe('a check', () => {
  it('finds nothing wrong with a module, which it does not run', async () => {
    expect(await sandbox.check('for (;;) {}\nexport default {}')).toBeUndefined()
  })

  it.each([
    ['export default {\n  a b\n}', 2, 5],
    ['let a\nlet b = /(/', 2, 9],
    ['"open', 1, 1],
    ['import a from "b"', 1, 15],
    ["export default {}\nexport * from 'c'", 2, 15],
  ])('says where %j does not compile', async (source, line, column) => {
    expect(await sandbox.check(source)).toMatchObject({ line, column })
  })

  it('survives a source that nests without end', async () => {
    expect(await sandbox.check('['.repeat(1_000_000))).toMatchObject({ line: 1 })
    expect(await resultOf(sandbox, onCall('return 1'))).toBe(1)
  })
})

describe('a cancelled run', () => {
  it('ends while it awaits the host', async () => {
    const controller = new AbortController()
    const host = async () => {
      controller.abort()
      return new Promise<string>(() => {})
    }
    const outcome = await sandbox.run(runOf(onCall('await ctx.call()'), { host, signal: controller.signal }))
    expect(reasonOf(outcome)).toBe('script_cancelled')
  })

  it('ends while it loops', async () => {
    const controller = new AbortController()
    const onConsole = () => controller.abort()
    const body = 'for (let i = 0; ; i++) if (i % 100000 === 0) console.log(i)'
    const outcome = await sandbox.run(runOf(onCall(body), { onConsole, signal: controller.signal }))
    expect(reasonOf(outcome)).toBe('script_cancelled')
  })

  it('never starts when it was cancelled before', async () => {
    const outcome = await sandbox.run(runOf(onCall('return 1'), { signal: AbortSignal.abort() }))
    expect(reasonOf(outcome)).toBe('script_cancelled')
  })

  it('leaves the queue', async () => {
    await withSandbox({ threads: 1 }, async small => {
      const controller = new AbortController()
      const first = small.run(runOf(onCall('for (;;) {}'), { limits }))
      const second = small.run(runOf(onCall('return 1'), { signal: controller.signal }))
      controller.abort()
      expect(reasonOf(await second)).toBe('script_cancelled')
      expect(reasonOf(await first)).toBe('script_timeout')
    })
  })
})

describe('the pool', () => {
  it('counts no time of waiting against a run', async () => {
    await withSandbox({ threads: 1 }, async small => {
      const wait = onCall('await new Promise(resolve => setTimeout(resolve, 150))')
      const runs = Array.from({ length: 5 }, () => small.run(runOf(wait, { limits })))
      expect((await Promise.all(runs)).map(reasonOf)).toEqual(Array(5).fill('returned'))
    })
  })

  it('refuses runs and checks when too many wait', async () => {
    await withSandbox({ threads: 1, maxQueued: 1 }, async small => {
      const first = small.run(runOf(onCall('return 1')))
      expect(reasonOf(await small.run(runOf(onCall('return 2'))))).toBe('sandbox_busy')
      expect(reasonOf(await first)).toBe('returned')
      const checks = Array.from({ length: 3 }, () => small.check('1'))
      await expect(Promise.all(checks)).rejects.toMatchObject({ data: { reason: 'sandbox_busy' } })
    })
  })

  it('tells which scripts are warm, and drops them after their idle time', async () => {
    await withSandbox({ threads: 2 }, async small => {
      const host = async () => JSON.stringify(small.runtimes())
      const during = await resultOf(small, onCall('return ctx.call()'), { name: 'one', host, idleMs: 300 })
      expect(during).toMatchObject([{ script_name: 'one', active_requests: 1, runtime_clean_time_ms: 300 }])
      expect(small.runtimes()).toMatchObject([{ script_name: 'one', active_requests: 0 }])
      await expect.poll(() => small.runtimes(), { timeout: 5000 }).toEqual([])
      expect(await resultOf(small, onCall('return 1'), { name: 'two' })).toBe(1)
      expect(small.runtimes().map(each => each.script_name)).toEqual(['two'])
    })
  })

  it('gives a warm thread to another script when there is no other', async () => {
    await withSandbox({ threads: 1 }, async small => {
      for (const name of ['one', 'two', 'one']) await resultOf(small, onCall('return 1'), { name })
      expect(small.runtimes().map(each => each.script_name)).toEqual(['one'])
    })
  })

  it('ends what runs and what waits when it is closed, and takes nothing more', async () => {
    await withSandbox({ threads: 1 }, async small => {
      const { promise: called, resolve } = Promise.withResolvers<void>()
      const host = async () => {
        resolve()
        return new Promise<string>(() => {})
      }
      const running = small.run(runOf(onCall('await ctx.call()'), { host }))
      const waiting = small.run(runOf(onCall('return 1')))
      await called
      await small.close()
      expect([reasonOf(await running), reasonOf(await waiting)]).toEqual([
        'script_cancelled',
        'script_cancelled',
      ])
      expect(reasonOf(await small.run(runOf(onCall('return 1'))))).toBe('script_cancelled')
      expect(small.runtimes()).toEqual([])
    })
  })
})
