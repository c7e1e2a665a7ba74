import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { onBehalfOf } from '../../src/fairness/behalf.ts'
import type { Sandbox, ScriptOutcome } from '../../src/sandbox/sandbox.ts'
import { limits, onCall, reasonOf, runOf, withSandbox } from './script-runs.ts'

const endless = onCall('for (;;) {}')
const quick = onCall('return 1')
const asks = onCall('return ctx.call()')

function runFor(sandbox: Sandbox, owner: string, worker: string, source: string, more = {}) {
  return sandbox.run(runOf(source, { name: worker, share: { owner, worker }, ...more }))
}

/** A host that answers once `count` runs have asked it, or when it is told to. */
function createBarrier(count: number) {
  const { promise, resolve } = Promise.withResolvers<string>()
  let asked = 0
  const host = async (): Promise<string> => {
    if (++asked === count) resolve('"met"')
    return promise
  }
  return { host, open: () => resolve('"opened"'), asked: () => asked }
}

/** A thread takes a while to start where much else is going on. */
const patience = { timeout: 10_000 }

const many = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make)

describe('a run that waits', () => {
  it('leaves its turn to others of its own worker', async () => {
    await withSandbox({ threads: 1, runs: 12 }, async sandbox => {
      const { host } = createBarrier(6)
      const outcomes = await Promise.all(many(6, () => runFor(sandbox, 'a', 'meets', asks, { host })))
      expect(outcomes).toEqual(many(6, () => ({ kind: 'returned', result: '"met"' })))
    })
  })

  it('is not harmed by bombs beside it, of its own worker or another', async () => {
    await withSandbox({ threads: 4 }, async sandbox => {
      const { host, open, asked } = createBarrier(0)
      const waiting = many(4, () => runFor(sandbox, 'a', 'waits', asks, { host }))
      await expect.poll(asked, patience).toBe(4)
      const memory = onCall('const all = []; for (;;) all.push(new Array(1e5).fill(1))')
      const native = onCall('[].indexOf.call({ length: 2 ** 53 - 1 }, 1)')
      const bombs = [endless, memory, native].flatMap(source => [
        runFor(sandbox, 'a', 'waits', source, { limits }),
        runFor(sandbox, 'b', 'other', source, { limits }),
      ])
      expect((await Promise.all(bombs)).map(({ kind }) => kind)).toEqual(many(6, () => 'failed'))
      open()
      const outcomes = await Promise.all(waiting)
      expect(outcomes).toEqual(many(4, () => ({ kind: 'returned', result: '"opened"' })))
    })
  })

  it('is cancelled, and comes to its deadline, without a turn', async () => {
    await withSandbox({ threads: 1 }, async sandbox => {
      const { host, asked } = createBarrier(0)
      const controller = new AbortController()
      const cancelled = runFor(sandbox, 'a', 'w', asks, { host, signal: controller.signal })
      const late = runFor(sandbox, 'a', 'w', asks, { host, limits: { ...limits, maxRunMs: 1000 } })
      await expect.poll(asked, patience).toBe(2)
      const looping = runFor(sandbox, 'b', 'x', endless, { limits: { ...limits, maxRunMs: 4000 } })
      controller.abort()
      const first = await Promise.race([looping, Promise.all([cancelled, late])])
      expect([first].flat().map(reasonOf)).toEqual(['script_cancelled', 'script_timeout'])
      expect(reasonOf(await looping)).toBe('script_timeout')
    })
  })

  it('has no time counted against it while others keep it from going on', async () => {
    await withSandbox({ threads: 1 }, async sandbox => {
      const { host, open, asked } = createBarrier(0)
      const body = 'await ctx.call(); await new Promise(r => setTimeout(r, 50)); return 1'
      const held = runFor(sandbox, 'a', 'held', onCall(body), { host, limits: { ...limits, maxRunMs: 1000 } })
      await expect.poll(asked, patience).toBe(1)
      const looping = runFor(sandbox, 'b', 'x', endless, { limits: { ...limits, maxRunMs: 1500 } })
      await sleep(200)
      open()
      expect(reasonOf(await looping)).toBe('script_timeout')
      expect(reasonOf(await held)).toBe('returned')
    })
  })
})

describe('a flood of runs', () => {
  const long = { limits: { ...limits, maxRunMs: 20_000 } }

  /** What ends first: the runs that flood, or this. */
  async function endsFirst(flood: readonly Promise<ScriptOutcome>[], run: Promise<ScriptOutcome>) {
    return Promise.race([run, ...flood])
  }

  it('of one worker that compute leaves room for another worker of the same owner', async () => {
    await withSandbox({ threads: 4 }, async sandbox => {
      const flood = many(8, () => runFor(sandbox, 'a', 'flood', endless, long))
      await expect.poll(() => sandbox.counts().computing, patience).toBe(2)
      expect(reasonOf(await endsFirst(flood, runFor(sandbox, 'a', 'other', quick)))).toBe('returned')
    })
  })

  it('of several workers that compute leaves room for another owner', async () => {
    await withSandbox({ threads: 4 }, async sandbox => {
      const flood = ['x', 'y', 'z'].flatMap(worker =>
        many(4, () => runFor(sandbox, 'a', worker, endless, long)),
      )
      await expect.poll(() => sandbox.counts().computing, patience).toBe(3)
      expect(reasonOf(await endsFirst(flood, runFor(sandbox, 'b', 'other', quick)))).toBe('returned')
    })
  })

  it('that wait leaves threads for others', async () => {
    await withSandbox({ threads: 2, runs: 4 }, async sandbox => {
      const { host, open, asked } = createBarrier(0)
      const flood = many(10, () => runFor(sandbox, 'a', 'flood', asks, { host }))
      await expect.poll(asked, patience).toBe(2)
      expect(reasonOf(await runFor(sandbox, 'a', 'other', quick))).toBe('returned')
      expect(reasonOf(await runFor(sandbox, 'b', 'other', quick))).toBe('returned')
      await expect.poll(sandbox.counts).toEqual({ computing: 0, waiting: 2, queued: 8 })
      expect(asked()).toBe(2)
      open()
      expect((await Promise.all(flood)).map(reasonOf)).toEqual(many(10, () => 'returned'))
    })
  })

  it('is taken in turns with the runs of others, one for one', async () => {
    await withSandbox({ threads: 1 }, async sandbox => {
      const ended: string[] = []
      const note = async (owner: string, worker: string): Promise<void> => {
        await runFor(sandbox, owner, worker, quick)
        ended.push(`${owner}${worker}`)
      }
      const flood = many(6, () => note('a', 'x'))
      await Promise.all([...flood, note('a', 'y'), note('b', 'x'), note('b', 'x')])
      expect(ended.slice(0, 5)).toEqual(['ax', 'bx', 'ay', 'bx', 'ax'])
    })
  })

  it('is refused alone: others still find room in the queue', async () => {
    await withSandbox({ threads: 1, maxQueued: 3 }, async sandbox => {
      const flood = ['x', 'x', 'x', 'x', 'y', 'y', 'y', 'z'].map(worker =>
        runFor(sandbox, 'a', worker, quick),
      )
      const other = runFor(sandbox, 'b', 'x', quick)
      const reasons = (await Promise.all([...flood, other])).map(reasonOf)
      const returned = many(3, () => 'returned')
      expect(reasons).toEqual([...returned, 'sandbox_busy', ...returned, 'sandbox_busy', 'returned'])
    })
  })

  it('by one asker leaves room for others who ask the same worker', async () => {
    await withSandbox({ threads: 1 }, async sandbox => {
      const ask = (asker: string) => onBehalfOf(asker, () => runFor(sandbox, 'a', 'x', quick))
      const flood = many(101, () => ask('stranger 10.0.0.1'))
      expect(reasonOf(await endsFirst(flood.slice(1, 100), ask('stranger 10.0.0.2')))).toBe('returned')
      expect(reasonOf((await Promise.all(flood)).at(-1) ?? { kind: 'returned', result: '' })).toBe(
        'sandbox_busy',
      )
    })
  })
})
