import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { MonitorStatus } from '../../src/monitor/monitor.ts'
import type { TokenLimit } from '../../src/permission/limit.ts'
import { someLimits, someName } from '../permission/random-limit.ts'
import { describeEngines } from '../support/databases.ts'
import { repetitions } from '../support/repetitions.ts'
import { isPermittedSomewhere, permittedNames } from '../wire/permission-reference.ts'
import { failing, openMonitorParts } from './monitor-parts.ts'

const tokenCount = repetitions(200, 60)
const seed = Date.now()
const reading = { scope: 'js_worker', permission: 'js_result', verb: 'read' }
/** Each may send: only what is counted is random here. */
const sending: TokenLimit = [{ scopes: [{ sender: 'ops' }], permissions: [{ event: { send: 'ops' } }] }]

const samples = <T>(arbitrary: fc.Arbitrary<T>, more: number): readonly T[] =>
  fc.sample(arbitrary, { numRuns: tokenCount, seed: seed + more })

describeEngines(`${tokenCount} random tokens`, open => {
  test('have counted just what they may read, also once their limits have changed', async () => {
    const parts = await openMonitorParts(await open())
    const names = [...new Set(samples(someName, 0))]
    for (const worker of names) await parts.fail(1, { worker })

    const limits = samples(someLimits, 1)
    const narrow = (name: string): TokenLimit => [
      { scopes: [{ js_worker: `${name}*` }], permissions: [{ js_result: { read: '*' } }] },
    ]
    const prefixes = samples(someName, 3)
    // Every other one keeps something: else few would.
    const later = samples(someLimits, 2).map((each, i) =>
      i % 2 === 0 ? each : [...each, ...narrow(prefixes[i]?.slice(0, 2) ?? '')],
    )
    const holders = await Promise.all(
      limits.map(async each => ({ limits: each, ...(await parts.tokens.create([...each, ...sending])) })),
    )
    const made = holders.filter(holder => isPermittedSomewhere(holder.limits, reading))
    for (const holder of holders) {
      const creating = parts.call('monitor_create', failing, holder.credential)
      if (made.includes(holder)) await creating
      else await expect(creating).rejects.toMatchObject({ code: 102 })
    }

    async function compare(limitsOf: (holder: (typeof made)[number]) => TokenLimit): Promise<number> {
      await parts.evaluateAll()
      let partial = 0
      for (const holder of made) {
        const { credential } = holder
        const { monitors } = await parts.call<{ monitors: MonitorStatus[] }>('monitor_status', {}, credential)
        const now = limitsOf(holder)
        const count = permittedNames(now, reading, names).length
        const expected = isPermittedSomewhere(now, reading)
          ? { count, state: count >= 3 ? 'firing' : 'ok', last_error: null }
          : { count: null, state: 'unknown' }
        expect(monitors, `seed ${seed}, limits ${JSON.stringify(now)}`).toMatchObject([expected])
        if (count > 0 && count < names.length) partial++
      }
      return partial
    }

    // Else the tokens were too much alike to tell anything.
    const least = tokenCount / 40
    expect(await compare(holder => holder.limits)).toBeGreaterThan(least)
    for (const { key } of made) {
      const limit = [...(later[holders.findIndex(each => each.key === key)] ?? []), ...sending]
      await parts.tokens.call('token_edit', { token: parts.tokens.root, target_token: key, limit })
    }
    const laterOf = (holder: (typeof made)[number]) => later[holders.indexOf(holder)] ?? []
    expect(await compare(laterOf)).toBeGreaterThan(least)
    expect(parts.errors).toEqual([])
    await parts.tokens.authenticator.close()
  })
})
