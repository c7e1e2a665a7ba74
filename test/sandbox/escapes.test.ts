import { afterAll, describe, expect, it } from 'vitest'
import { createSandbox } from '../../src/sandbox/sandbox.ts'
import { onCall, reasonOf, resultOf, runOf } from './script-runs.ts'

const sandbox = createSandbox({ threads: 1 })
afterAll(() => sandbox.close())

/** Everything a script can name without declaring it. */
const globals = `
  AggregateError Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean DataView Date Error EvalError
  FinalizationRegistry Float16Array Float32Array Float64Array Function Infinity Int16Array Int32Array Int8Array
  InternalError Iterator JSON Map Math NaN Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set
  SharedArrayBuffer String Symbol SyntaxError TypeError URIError Uint16Array Uint32Array Uint8Array
  Uint8ClampedArray WeakMap WeakRef WeakSet decodeURI decodeURIComponent encodeURI
  encodeURIComponent escape eval globalThis isFinite isNaN parseFloat parseInt undefined unescape
  AbortController AbortSignal CryptoKey DOMException FormData Headers Intl Request Response TextDecoder TextEncoder
  URL URLSearchParams atob btoa clearInterval clearTimeout console crypto fetch queueMicrotask setInterval setTimeout
  structuredClone inlineCall nodeget nodegetLog randomUUID
`
  .trim()
  .split(/\s+/)

describe('what a script can reach', () => {
  it('is the language, what most scripts use of the web, and the names of NodeGet', async () => {
    const names = await resultOf(sandbox, onCall('return Object.getOwnPropertyNames(globalThis)'))
    expect([...(names as string[])].sort()).toEqual([...globals].sort())
  })

  it('is ctx with what the host gave, send, call and inlineCall', async () => {
    const context = '{"run_type":"call","send":"overridden"}'
    const names = await resultOf(sandbox, onCall('return Reflect.ownKeys(ctx).sort()'), { context })
    expect(names).toEqual(['call', 'inlineCall', 'run_type', 'send'])
    expect(await resultOf(sandbox, onCall('return typeof ctx.send'), { context })).toBe('function')
  })

  it('is never the process, whatever constructor it goes through', async () => {
    const body = `const found = []
      const values = [params, env, ctx, ctx.send, console.log, fetch, setTimeout, ctx.call(), globalThis, Error(),
        URL, new URL('http://x'), crypto.subtle.digest, TextEncoder, Intl.NumberFormat, AbortSignal, nodeget, 'a'.localeCompare,
        (async () => {}), function* () {}]
      for (const value of values) {
        for (let at = value, i = 0; at != null && i < 10; at = Object.getPrototypeOf(at), i++) {
          try {
            found.push(at.constructor.constructor('return typeof process + typeof require + typeof globalThis.postMessage')())
          } catch {}
          for (const key of ['caller', 'callee', 'arguments', 'prepareStackTrace']) {
            try { if (at[key] != null) found.push(key) } catch {}
          }
        }
      }
      return [...new Set(found)]`
    expect(await resultOf(sandbox, onCall(body))).toEqual(['undefinedundefinedundefined'])
  })

  it('is no frame of the host by Error.prepareStackTrace', async () => {
    const body = `let frames = 'never called'
      Error.prepareStackTrace = (error, list) => { frames = list; return list }
      Error.stackTraceLimit = 1000
      const all = [new Error('x').stack]
      try { await ctx.call({ toJSON() { throw new Error('y') } }) } catch (error) { all.push(error.stack) }
      return [typeof frames, all.every(stack => typeof stack === 'string'), all.join().includes('file:')]`
    expect(await resultOf(sandbox, onCall(body))).toEqual(['string', true, false])
  })

  it('is no module, imported one way or another', async () => {
    const body = `const refused = []
      for (const name of ['fs', 'node:fs', './thread.ts', 'tested', 'std', 'os', '<sandbox>']) {
        try { await import(name); refused.push(name + ' was imported') } catch (error) { refused.push(error.name) }
        try { await eval('import("' + name + '")'); refused.push(name + ' was imported') } catch {}
      }
      return [...new Set(refused)]`
    expect(await resultOf(sandbox, onCall(body))).toEqual(['TypeError'])
  })

  it('is no handle of the host, by arguments of any kind', async () => {
    const seen: unknown[] = []
    const host = async (name: string, args: string) => {
      seen.push([name, JSON.parse(args)])
      return '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'
    }
    const body = `const proxy = new Proxy(function () {}, { get: (_, key) => { throw new Error(String(key)) } })
      const refused = []
      for (const value of [proxy, { get a() { throw new Error('getter') } }, { toJSON() { return proxy } }, 1n]) {
        try { await ctx.call(value) } catch (error) { refused.push(error.name) }
      }
      const answer = await ctx.call(Symbol('s'), () => {}, { __proto__: { inherited: 1 }, own: 1 }, NaN)
      return [refused, Object.hasOwn(answer, '__proto__'), answer.polluted ?? null, {}.polluted ?? null]`
    const result = await resultOf(sandbox, onCall(body), { host })
    expect(result).toEqual([['Error', 'Error', 'TypeError'], true, null, null])
    expect(seen).toEqual([
      ['call', [null]],
      ['call', [null, null, { own: 1 }, null]],
    ])
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })
})

describe('a native function of the host', () => {
  const answers = async (body: string) =>
    resultOf(sandbox, onCall(`const refused = []\n${body}\nreturn refused`))

  it('takes no more than it can work off at once', async () => {
    const body = `const long = 'x'.repeat(2 ** 20)
      for (const ask of [() => long.localeCompare(long), () => new Intl.Segmenter().segment(long),
        () => (10n ** 3000n).toLocaleString(), () => new URLSearchParams('a&'.repeat(2 ** 20)),
        () => Intl.getCanonicalLocales(Array.from({ length: 1000 }, (_, i) => "en-x-a" + i)), () => crypto.getRandomValues(new Uint8Array(70000))])
        try { ask(); refused.push('taken') } catch (error) { refused.push(error.name) }`
    expect(await answers(body)).toEqual([...Array(5).fill('RangeError'), 'QuotaExceededError'])
  })

  it('that has no room for its answer ends the run as out of memory, or throws', async () => {
    const body = `const all = []; for (;;) all.push(new TextEncoder().encode('x'.repeat(1e6)))`
    const outcome = await sandbox.run(runOf(onCall(body)))
    expect(['script_out_of_memory', 'script_error']).toContain(reasonOf(outcome))
    expect(await resultOf(sandbox, onCall('return new TextEncoder().encode("é").length'))).toBe(2)
  })

  it('hands out nothing of the host, whatever its arguments are', async () => {
    const body = `const odd = [undefined, null, 1, {}, [], Symbol('s'), () => 1, { toString() { throw new Error('mine') } },
        JSON.parse('{"__proto__":{"style":"currency"},"constructor":{"prototype":{"x":1}}}')]
      for (const value of odd) {
        for (const ask of [() => new URL(value), () => new URLSearchParams(value), () => new TextDecoder(value),
          () => new TextDecoder().decode(value), () => atob(value), () => new Intl.NumberFormat(value, value),
          () => (1).toLocaleString('en', value), () => crypto.getRandomValues(value), () => Intl.supportedValuesOf(value)]) {
          try { ask() } catch (error) { refused.push(error.constructor.name, typeof error.stack, String(error.stack).includes('file:')) }
        }
      }
      refused.push({}.x === undefined)`
    const seen = new Set((await answers(body)) as unknown[])
    for (const kind of ['TypeError', 'RangeError', 'DOMException', 'Error', 'string', false, true])
      seen.delete(kind)
    expect([...seen]).toEqual([])
    expect(({} as { x?: unknown }).x).toBeUndefined()
  })
})

/** Each replaces what the code at the border would use, if it looked it up late. */
const sabotages: Readonly<Record<string, string>> = {
  JSON: 'JSON.parse = JSON.stringify = () => { throw new Error("mine") }; globalThis.JSON = null',
  'Promise and its prototype':
    'Promise.prototype.then = () => 7; Promise.resolve = null; globalThis.Promise = class { constructor() { throw 1 } }',
  'prototypes of all objects': `for (const key of ['then', 'toJSON', 'resolve', 'reject', 'default', 'message', 'args']) {
      Object.defineProperty(Object.prototype, key, { set() { throw new Error('set ' + key) }, configurable: true }) }`,
  'arrays, strings and functions': `Array.prototype[Symbol.iterator] = null; Array.prototype.push = null
    String.prototype.slice = null; Function.prototype.call = Function.prototype.apply = Function.prototype.bind = null
    Reflect.apply = null; Object.keys = Object.create = Object.hasOwn = null`,
  'the globals themselves': `for (const key of Object.getOwnPropertyNames(globalThis)) {
      if (key !== 'globalThis') try { globalThis[key] = undefined } catch {} }`,
  'Error and its prototype':
    'Error.prototype.toString = () => { throw 1 }; globalThis.Error = null; Error = class {}',
}

describe.each(Object.entries(sabotages))('a script that replaces %s', (_name, code) => {
  it('still gets its own answers, and returns its own result', async () => {
    const source = `${code}\n${onCall('const answer = await ctx.call(1); console.log("x"); return { name: answer.name }')}`
    const host = async () => '{"name":"a"}'
    const outcome = await sandbox.run(runOf(source.replace('console.log("x")', ''), { host }))
    expect(outcome).toEqual({ kind: 'returned', result: '{"name":"a"}' })
  })

  it('still fails as itself', async () => {
    const source = `${code}\n${onCall('null.x')}`
    const outcome = await sandbox.run(runOf(source))
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'script_error' })
    expect(outcome.kind === 'failed' && outcome.message).toContain('TypeError: cannot read property')
  })
})

describe('a hostile result', () => {
  it.each([
    ['a thenable that never calls back', 'return { then() {} }', 'script_never_settles'],
    ['a thenable that throws', 'return { then() { throw new Error("no") } }', 'script_error'],
    ['toJSON that throws', 'return { toJSON() { throw new Error("no") } }', 'script_error'],
    ['a getter that throws', 'return { get a() { throw new Error("no") } }', 'script_error'],
    ['a BigInt', 'return 1n', 'script_error'],
    ['a circle', 'const a = {}; a.a = a; return a', 'script_error'],
    ['a Proxy that throws', 'return new Proxy({}, { ownKeys() { throw new Error("no") } })', 'script_error'],
    [
      'an error with hostile members',
      'throw { get name() { throw 1 }, get stack() { throw 2 } }',
      'script_error',
    ],
    ['a revoked Proxy', 'const p = Proxy.revocable({}, {}); p.revoke(); throw p.proxy', 'script_error'],
  ])('%s is a fault of the script', async (_name, body, reason) => {
    expect(reasonOf(await sandbox.run(runOf(onCall(body))))).toBe(reason)
    expect(await resultOf(sandbox, onCall('return 1'))).toBe(1)
  })

  it.each([
    ['a function', 'return () => 1', null],
    ['a symbol', 'return Symbol("s")', null],
    ['toJSON that returns undefined', 'return { toJSON() {} }', null],
    ['a raw member named __proto__', 'return JSON.parse(\'{"__proto__":1}\')', JSON.parse('{"__proto__":1}')],
    ['a thenable', 'return { then(resolve) { resolve({ a: 1 }) } }', { a: 1 }],
  ])('%s becomes plain JSON', async (_name, body, expected) => {
    expect(await resultOf(sandbox, onCall(body))).toEqual(expected)
  })

  it('cannot be followed by anything more: what goes on after the end is gone', async () => {
    const calls: string[] = []
    const host = async (_name: string, args: string) => {
      calls.push(args)
      return 'null'
    }
    await resultOf(sandbox, onCall('setTimeout(() => ctx.send("late"), 5); return 1'), { host })
    expect(
      await resultOf(sandbox, onCall('await new Promise(r => setTimeout(r, 30)); return 2'), { host }),
    ).toBe(2)
    expect(calls).toEqual([])
  })
})
