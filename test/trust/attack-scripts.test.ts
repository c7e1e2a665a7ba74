import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { serveForFile } from './attacked-server.ts'
import { type Felt, feltBeside, report } from './other-client.ts'

// Strangers come through a proxy, so that each has an address of its own.
const server = serveForFile({ DAYBOOK_TRUSTED_PROXIES: '127.0.0.1', DAYBOOK_ROUTE_RATE: '20' })

const script = (members: string) => Buffer.from(`export default { ${members} }`).toString('base64')
const agent = new Agent({ keepAlive: true, maxSockets: 200 })

/** The status of a route's answer; 0 when the stranger hung up. */
function askRoute(route: string, stranger: number, hangUpAfterMs?: number): Promise<number> {
  const headers = { 'x-forwarded-for': `10.1.0.${stranger}` }
  const asked = request(`${server().url}/worker-route/${route}`, { agent, headers })
  if (hangUpAfterMs !== undefined) setTimeout(() => asked.destroy(), hangUpAfterMs)
  return new Promise(resolve => {
    asked.on('response', response => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
    asked.on('error', () => resolve(0))
    asked.end()
  })
}

/** So many strangers ask a route again and again, for so long. */
async function hammer(route: string, strangers: number, forMs: number): Promise<readonly number[]> {
  const until = performance.now() + forMs
  const statuses: number[] = []
  const one = async (stranger: number): Promise<void> => {
    while (performance.now() < until) statuses.push(await askRoute(route, stranger))
  }
  await Promise.all(Array.from({ length: strangers }, (_, stranger) => one(stranger)))
  return statuses
}

async function runQuick(): Promise<void> {
  const run = { js_script_name: 'quick', wait_ms: 30_000 }
  expect(await server().client.call('js-worker_run', run)).toMatchObject({ result: 1 })
}

describe('the script of another owner', () => {
  beforeAll(async () => {
    const { client } = server()
    const limit = [{ scopes: ['global'], permissions: [{ js_worker: 'create' }] }]
    const { key, secret } = (await client.call('token_create', {
      token_creation: { token_limit: limit },
    })) as {
      key: string
      secret: string
    }
    const add = (name: string, members: string, token?: string) =>
      client.call('js-worker_create', {
        name,
        js_script_base64: script(members),
        ...(token === undefined ? {} : { route_name: name, token }),
      })
    const stranger = `${key}:${secret}`
    await add('quick', 'onCall: () => 1')
    await add('answers', 'onRoute: () => 1', stranger)
    await add('sleeps', 'onRoute: () => new Promise(resolve => setTimeout(resolve, 1000))', stranger)
    await add('computes', 'onRoute() { const end = Date.now() + 1000; while (Date.now() < end); }', stranger)
    await runQuick()
  })

  async function felt(attack: string, run: () => Promise<unknown>): Promise<Felt> {
    const attacked = run()
    await sleep(500)
    const measured = await feltBeside({ ask: runQuick }, () => attacked)
    report(`a script beside ${attack}`, measured)
    expect(measured.refusals).toEqual([])
    return measured
  }

  test.each([
    [20, 'sleeps'],
    [60, 'sleeps'],
    [20, 'computes'],
  ])(
    'is run at once beside %i strangers on a route whose script %s',
    async (strangers, route) => {
      const attack = `${strangers} strangers on a route whose script ${route}`
      const { median, worst } = await felt(attack, () => hammer(route, strangers, 2000))
      expect(median).toBeLessThan(500)
      expect(worst).toBeLessThan(3000)
    },
    60_000,
  )

  test('is run at once beside one stranger who floods a route, who is refused alone', async () => {
    const statuses: number[] = []
    const flood = async (): Promise<void> => {
      const until = performance.now() + 3000
      const one = async (): Promise<void> => {
        while (performance.now() < until) statuses.push(await askRoute('answers', 1))
      }
      await Promise.all(Array.from({ length: 50 }, one))
    }
    const others: number[] = []
    const attack = async (): Promise<void> => {
      const flooded = flood()
      for (let i = 0; i < 10; i++) others.push(await askRoute('answers', 2))
      await flooded
    }
    const { median } = await felt('one stranger who floods a route', attack)
    expect(median).toBeLessThan(1000)
    expect(others).toEqual(Array(10).fill(200))
    expect(new Set(statuses)).toEqual(new Set([200, 429]))
    expect(statuses.filter(status => status === 200).length).toBeLessThan(200)
  }, 60_000)
})
