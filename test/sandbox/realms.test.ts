import { afterAll, describe, expect, it } from 'vitest'
import { createSandbox } from '../../src/sandbox/sandbox.ts'
import { limits, onCall, reasonOf, resultOf, runOf } from './script-runs.ts'

// One thread: each run has the engine of the one before.
const sandbox = createSandbox({ threads: 1 })
afterAll(() => sandbox.close())

/** What a run could leave behind, and what a later one would see of it; each answers whether something is left. */
const traces: Readonly<Record<string, { readonly leave: string; readonly find: string }>> = {
  'a global': { leave: 'globalThis.left = 1', find: '"left" in globalThis' },
  'a replaced global': {
    leave: 'JSON.parse = () => 1; Promise = null; console.log = 1; fetch = 1',
    find: 'JSON.parse("2") !== 2 || Promise === null || console.log === 1 || fetch === 1',
  },
  'a deleted global': { leave: 'delete globalThis.Intl; delete Math.max', find: '!Intl || !Math.max' },
  'a prototype': {
    leave: 'Object.prototype.left = 1; Array.prototype.map = 1; Promise.prototype.then = () => 1',
    find: '({}).left === 1 || [].map === 1 || Promise.prototype.then.length === 0',
  },
  'a prototype of a library': {
    leave: 'URL.prototype.left = 1; Intl.NumberFormat.left = 1; crypto.left = 1; AbortSignal.left = 1',
    find: '"left" in URL.prototype || "left" in Intl.NumberFormat || "left" in crypto || "left" in AbortSignal',
  },
  'a frozen object': { leave: 'Object.freeze(globalThis.Math)', find: 'Object.isFrozen(Math)' },
  'a symbol with something on it': {
    leave: 'globalThis[Symbol.for("left")] = 1',
    find: 'Symbol.for("left") in globalThis',
  },
  'what an expression matched': { leave: '/(le)ft/.exec("left")', find: 'RegExp.$1 === "le"' },
  'how stacks are told': {
    leave: 'Error.prepareStackTrace = () => "left"; Error.stackTraceLimit = 0',
    find: 'new Error().stack === "left" || Error.stackTraceLimit === 0',
  },
  'the scope of the module': { leave: 'count++', find: 'count > 0' },
  'the handlers': { leave: 'this.left = 1', find: '"left" in this' },
  'params, env and ctx': {
    leave: 'params.left = 1; env.left = 1; ctx.left = 1; Object.getPrototypeOf(ctx).left = 1',
    find: '"left" in params || "left" in env || "left" in ctx',
  },
  'a timer': {
    leave: 'setTimeout(() => { globalThis.left = 1 }, 1)',
    find: 'await pause(), "left" in globalThis',
  },
  'a promise that waits': {
    leave: 'ctx.send("left").then(() => { globalThis.left = 1 })',
    find: 'await pause(), "left" in globalThis',
  },
  'a rejection that nobody awaits': {
    leave: 'ctx.send("left").then(() => { throw 1 })',
    find: 'await pause(), false',
  },
  'memory that was written': {
    leave: 'new Uint8Array(1.5e6).fill(7)',
    find: 'new Uint8Array(1.5e6).some(byte => byte !== 0)',
  },
  'a getter of the global object': {
    leave: 'Object.defineProperty(globalThis, "Date", { get: () => 1 })',
    find: 'Date === 1',
  },
}

const pause = 'const pause = () => new Promise(go => setTimeout(go, 20));'

describe('what a run leaves behind', () => {
  it.each(Object.entries(traces))('is not found by any other run: %s', async (_, { leave, find }) => {
    const source = `let count = 0; ${pause}\n${onCall(`if (params.leave) { ${leave}; return 'done' } return (${find})`)}`
    const otherSource = `let count = 0; ${pause}\n${onCall(`return (${find})`)}`
    const left = { params: '{"leave":true}' }
    expect(await resultOf(sandbox, source, left)).toBe('done')
    expect(await resultOf(sandbox, source)).toBe(false)
    expect(await resultOf(sandbox, source, left)).toBe('done')
    expect(await resultOf(sandbox, otherSource, { name: 'other' })).toBe(false)
    expect(await resultOf(sandbox, source)).toBe(false)
  })

  it.each([
    ['script_error', 'throw new Error()'],
    ['script_timeout', 'for (;;);'],
    ['script_stack_overflow', 'const f = () => f() + 1; f()'],
    ['script_out_of_memory', 'for (const all = [];;) all.push(new Uint8Array(1e5))'],
    ['script_result_too_large', 'return "x".repeat(1.1e6)'],
    ['script_output_too_large', 'for (;;) console.log("x".repeat(1000))'],
    ['script_never_settles', 'await new Promise(() => {})'],
    ['script_syntax_error', 'for (;;'],
  ])('is not found after it ended as %s', async (reason, body) => {
    const source = onCall(`if (!params.fail) return [typeof left, [].left ?? 0]
      globalThis.left = 1; Array.prototype.left = 1; ${body}`)
    const failed = await sandbox.run(runOf(source, { params: '{"fail":true}', limits }))
    expect(reasonOf(failed)).toBe(reason)
    const after = reason === 'script_syntax_error' ? onCall('return [typeof left, [].left ?? 0]') : source
    expect(await resultOf(sandbox, after)).toEqual(['undefined', 0])
  })
})

describe('a run of a script that has run before', () => {
  it('draws other random numbers, and has the time of now', async () => {
    const source = `const loaded = [Math.random(), Date.now(), crypto.randomUUID()]\n${onCall(
      'return { random: [loaded[0], Math.random()], times: [loaded[1], Date.now()], ids: [loaded[2], randomUUID()] }',
    )}`
    const seen = new Set<unknown>()
    for (let i = 0; i < 20; i++) {
      const from = Date.now()
      const { random, times, ids } = (await resultOf(sandbox, source)) as Record<string, number[]>
      for (const value of [...(random ?? []), ...(ids ?? [])]) seen.add(value)
      for (const time of times ?? []) expect(time).toBeGreaterThanOrEqual(from)
      expect(random?.every(number => number >= 0 && number < 1)).toBe(true)
    }
    expect(seen.size).toBe(80)
  })

  it('is of the source that it is given, and named as it is', async () => {
    const sources = [1, 2, 1, 3].map(number =>
      onCall(`return [${number}, new Error().stack.includes(ctx.name)]`),
    )
    for (const [i, source] of sources.entries()) {
      const name = i % 2 === 0 ? 'even' : 'odd'
      const more = { name, context: JSON.stringify({ name: `${name}:` }) }
      expect(await resultOf(sandbox, source, more)).toEqual([[1, 2, 1, 3][i], true])
    }
  })

  it('keeps the limits of its own, not those of the run before', async () => {
    const source = onCall('return "x".repeat(params.length).length')
    const roomy = { maxRunMs: 20_000, maxStackBytes: 2 ** 20, maxHeapBytes: 64 * 2 ** 20 }
    const length = (count: number) => ({ params: JSON.stringify({ length: count }) })
    expect(await resultOf(sandbox, source, { limits: roomy, ...length(3e7) })).toBe(3e7)
    const small = await sandbox.run(runOf(source, { limits, ...length(3e7) }))
    expect(reasonOf(small)).toMatch('script_out_of_memory')
    expect(await resultOf(sandbox, source, { limits, ...length(1e6) })).toBe(1e6)
  })
})
