import { afterAll, describe, expect, it } from 'vitest'
import { createSandbox, type ScriptOutcome } from '../../src/sandbox/sandbox.ts'
import { limits, onCall, reasonOf, resultOf, runOf, withSandbox } from './script-runs.ts'

const timeout = ['script_timeout']
const memory = ['script_out_of_memory', 'script_timeout']

/** What each may end as: on a busy machine the deadline comes before some other limit. */
const bombs: Readonly<Record<string, Bomb>> = {
  'endless loop': { body: 'for (;;) {}', reasons: timeout },
  'async loop': { body: 'for (;;) await null', reasons: timeout },
  memory: { body: 'globalThis.all = []; for (;;) all.push({})', reasons: memory },
  'memory, caught': {
    body: 'const all = []; for (;;) try { for (;;) all.push(new Uint8Array(1e5)) } catch {}',
    reasons: timeout,
  },
  'string doubling': { body: 'let s = "x"; for (;;) s += s', reasons: memory },
  recursion: { body: 'const f = () => f() + 1; f()', reasons: ['script_stack_overflow', 'script_timeout'] },
  'deep JSON.parse': {
    body: 'JSON.parse("[".repeat(1e6))',
    reasons: ['script_stack_overflow', 'script_out_of_memory', 'script_timeout'],
  },
  'deep result': {
    body: 'let a = []; for (let i = 0; i < 5e4; i++) a = [a]; return a',
    reasons: ['script_stack_overflow', 'script_out_of_memory', 'script_timeout'],
  },
  'catastrophic regular expression': { body: '/^(a+)+$/.test("a".repeat(40) + "!")', reasons: timeout },
  sort: {
    body: 'Array.from({ length: 1e5 }, (_, i) => -i).sort((a, b) => { for (let i = 0; i < 1e5; i++); return a - b })',
    reasons: timeout,
  },
  'sparse search': { body: '[].indexOf.call({ length: 2 ** 53 - 1 }, 1)', reasons: timeout },
  BigInt: { body: 'let n = 3n; for (;;) n *= n', reasons: ['script_error', ...memory] },
  'promise flood': {
    body: 'const f = () => Promise.resolve().then(f); f(); await new Promise(() => {})',
    reasons: memory,
  },
  'timers flood': { body: 'for (;;) setTimeout(() => {}, 1e6)', reasons: ['script_error', 'script_timeout'] },
  'host call flood': { body: 'for (;;) ctx.send("x".repeat(9e5))', reasons: memory },
  '100 MB of log': {
    body: 'for (let i = 0; i < 1e5; i++) try { console.log("x".repeat(1000)) } catch {}',
    reasons: ['script_output_too_large', 'script_timeout'],
  },
  'empty lines of log': {
    body: 'for (;;) console.log("")',
    reasons: ['script_output_too_large', 'script_timeout'],
  },
  '50 MB result': { body: 'return "x".repeat(50e6)', reasons: memory },
  '2 MB result': { body: 'return "x".repeat(2e6)', reasons: ['script_result_too_large', 'script_timeout'] },
  'slow result': { body: 'return { toJSON() { for (;;) {} } }', reasons: timeout },
  'never-settling await': { body: 'await new Promise(() => {})', reasons: ['script_never_settles'] },
}

/** What a busy machine may add to the 300 ms that an end may take beyond the limit. */
const slackMs = 2000

// Of which one worker may have eight at once.
const sandbox = createSandbox({ threads: 10 })
afterAll(() => sandbox.close())

/** The bomb's outcome, and how long after its first line it came. */
async function explode(body: string): Promise<{ outcome: ScriptOutcome; ms: number }> {
  let startedAt = performance.now()
  const host = async (name: string) => {
    if (name === 'call') startedAt = performance.now()
    return 'null'
  }
  const source = onCall(`await ctx.call(); ${body}`)
  const outcome = await sandbox.run(runOf(source, { limits, host }))
  return { outcome, ms: performance.now() - startedAt }
}

interface Bomb {
  readonly body: string
  readonly reasons: readonly string[]
}

async function explodeAll(together: readonly Bomb[]): Promise<void> {
  const exploded = await Promise.all(together.map(bomb => explode(bomb.body)))
  together.forEach(({ reasons }, i) => {
    const { outcome, ms } = exploded[i] ?? {}
    expect(reasons).toContain(outcome && reasonOf(outcome))
    expect(ms).toBeLessThan(limits.maxRunMs + slackMs)
  })
  expect(await resultOf(sandbox, onCall('return 1'))).toBe(1)
}

describe('a bomb', () => {
  it.each(Object.entries(bombs))('alone ends soon with a named fault: %s', async (_name, bomb) => {
    await explodeAll([bomb])
  })

  const names = Object.keys(bombs)
  const groups = [0, 7, 14].map(start =>
    Array.from({ length: 8 }, (_, i) => names[(start + i) % names.length] ?? ''),
  )

  it.each(groups)('ends so beside seven others: %s, %s, %s, %s, %s, %s, %s, %s', async (...together) => {
    await explodeAll(together.flatMap(name => bombs[name] ?? []))
  })

  it.each(['endless loop', 'memory, caught', 'sparse search'])(
    'ends so eight times at once: %s',
    async name => {
      await explodeAll(Array.from({ length: 8 }, () => bombs[name] ?? []).flat())
    },
  )
})

describe('a thread that cannot be interrupted', () => {
  it('is ended, and another takes its place', async () => {
    await withSandbox({ threads: 1 }, async small => {
      const source = onCall('[].indexOf.call({ length: 2 ** 53 - 1 }, 1)')
      for (let i = 0; i < 2; i++)
        expect(reasonOf(await small.run(runOf(source, { limits })))).toBe('script_timeout')
      expect(await resultOf(small, onCall('return 1'))).toBe(1)
    })
  })
})

describe('the heap of a script', () => {
  it.each([4, 8, 32])('holds about the %i MiB it may have, in large pieces', async mebibytes => {
    const body = `const all = []
      try { for (;;) all.push(new Uint8Array(2 ** 18)) } catch { const held = all.length; all.length = 0; return held / 4 }`
    const limits = { maxRunMs: 20_000, maxStackBytes: 2 ** 20, maxHeapBytes: mebibytes * 2 ** 20 }
    const held = await resultOf(sandbox, onCall(body), { limits })
    expect(held).toBeGreaterThan(mebibytes * 0.7 - 1)
    expect(held).toBeLessThan(mebibytes + 2)
  })

  it('is what params and the answers of the host must fit in', async () => {
    const small = { maxRunMs: 20_000, maxStackBytes: 2 ** 20, maxHeapBytes: 3 * 2 ** 20 }
    const text = JSON.stringify('é'.repeat(2_500_000))
    const given = await sandbox.run(runOf(onCall('return 1'), { limits: small, params: text }))
    const answered = await sandbox.run(
      runOf(onCall('return ctx.call()'), { limits: small, host: async () => text }),
    )
    expect([reasonOf(given), reasonOf(answered)]).toEqual(['script_out_of_memory', 'script_out_of_memory'])
  })

  it.each([1, 1000, 100_000])(
    'may be of %i bytes only: then scripts end as out of memory',
    async maxHeapBytes => {
      const tiny = { maxRunMs: 20_000, maxStackBytes: 2 ** 20, maxHeapBytes }
      const outcome = await sandbox.run(runOf(onCall('return new Array(1e6).fill(1)'), { limits: tiny }))
      expect(reasonOf(outcome)).toBe('script_out_of_memory')
    },
  )
})
