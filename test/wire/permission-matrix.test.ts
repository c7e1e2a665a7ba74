import fc from 'fast-check'
import { beforeAll, expect, test, vi } from 'vitest'
import type { MonitorStatus } from '../../src/monitor/monitor.ts'
import type { TokenLimit } from '../../src/permission/limit.ts'
import { resources } from '../../src/resource/kind/index.ts'
import { samples } from '../compat/uipath/samples.ts'
import { someLimits, someName } from '../permission/random-limit.ts'
import { repetitions } from '../support/repetitions.ts'
import { isPermittedSomewhere, permittedNames } from './permission-reference.ts'
import { tellings, viewOf } from './permission-tellings.ts'
import { secrets } from './support/app.ts'
import { describeApps, failure, rpc, type Wire } from './support/wire.ts'

const tokenCount = repetitions(200, 60)
const nameCount = 500
const seed = Date.now()

interface Holder {
  readonly token: string
  readonly limits: TokenLimit
}

interface Answer {
  readonly result?: unknown
  readonly error?: { readonly code: number }
}

interface Kind {
  readonly resource: string
  readonly scope: string
  readonly permission: string
  /** The member that names the object, and the one that is the key. */
  readonly member: string
  readonly key: string
  /** No client deletes of it, and no token may be permitted to. */
  readonly isKept: boolean
  /** Whether every token is tried on both engines; else each of them is tried on one. */
  readonly isOnBoth: boolean
  /** What tells those rows from what the server records of itself. */
  readonly own: readonly object[]
  /** Records one of each name, the newest last. */
  record(wire: Wire): Promise<unknown>
}

/** What rows must have beside their name and time. */
const rest: Readonly<Record<string, object>> = {
  'event-log': { sender: 's' },
  'service-event': { project_id: 'p', service_name: 's', event_info: 'x' },
  'execution-event': { name: 'n', namespace: 'n', reason: 'x', message: 'x' },
}

/** When the first of the rows was: a minute ago, so that monitors see them. */
const began = Date.now() - 60_000

/** What every token may do beside: it says nothing of records. */
const mayTell = { scopes: [{ sender: 'matrix' }], permissions: [{ event: { send: 'matrix' } }] }

const published = { diagnostic_id: 'of this test' }

const kept = { reason: 'of_this_test' }

const kinds = resources.map(({ name, nameField, ordering, scope, permission, recorded }): Kind => {
  const isKept = recorded === 'keep'
  const kind = { resource: name, scope, permission, member: nameField, key: ordering.key, isKept }
  if (recorded === 'publish') return { ...kind, isOnBoth: false, own: [published], record: publishAll }
  if (recorded === 'keep') return { ...kind, isOnBoth: false, own: [kept], record: async () => undefined }
  const rowOf = (each: string, i: number) => ({
    [nameField]: each,
    [ordering.time]: began + i,
    ...rest[name],
  })
  return {
    ...kind,
    isOnBoth: name === 'js-result' || name === 'event-log',
    own: [],
    record: wire => wire.result(`${name}_append`, { rows: names.map(rowOf) }),
  }
})

/** What the server alone can record, of each name. */
function keptRows(names: readonly string[]): string {
  const listed = names.map(name => `'${name}'`)
  return `insert into audit_log (time, token_key, method, outcome, reason)
    select to_timestamp((${began} + n) / 1000.0), name, 'js-result_delete', 'success', '${kept.reason}'
    from unnest(array[${listed.join()}]) with ordinality as t(name, n)`
}

async function publishAll(wire: Wire): Promise<void> {
  const events = names.map(FullFolderPath => ({
    body: { ...samples['a machine'], FullFolderPath },
    'Diagnostic-Id': published.diagnostic_id,
  }))
  await wire.result('change-event_publish', { events })
  const query = { condition: [published] }
  const count = async () => (await wire.result<{ count: number }>('change-event_count', { query })).count
  await vi.waitUntil(async () => (await count()) === names.length, { timeout: 10_000, interval: 20 })
}

const wholeName = fc.tuple(someName, someName).map(parts => parts.join(''))
const someNames = fc.uniqueArray(wholeName, { minLength: nameCount, maxLength: nameCount })
const names = fc.sample(someNames, { numRuns: 1, seed })[0] ?? []
const limitLists = tellingLimits(seed)

/** Random limits of all tokens, among which some permit a part of the names of each kind: others tell little. */
function tellingLimits(from: number): readonly TokenLimit[] {
  const lists = fc.sample(someLimits, { numRuns: tokenCount, seed: from })
  const isTelling = kinds.every(kind => [0, 1].every(half => partialOf(lists, kind, half) > tokenCount / 80))
  return isTelling ? lists : tellingLimits(from + 1)
}

/** How many tokens of one half may read some of the names and not all. */
function partialOf(lists: readonly TokenLimit[], kind: Kind, half: number): number {
  const counts = lists
    .filter((_, i) => i % 2 === half)
    .map(limits => permittedNames(limits, { ...kind, verb: 'read' }, names).length)
  return counts.filter(count => count > 0 && count < names.length).length
}

function namesFor({ limits }: Holder, kind: Kind, verb: string): readonly string[] {
  return permittedNames(limits, { ...kind, verb }, names)
}

/** The results where the holder may do this to some object, there or not; else as often 102. */
function resultsOr102(holder: Holder, kind: Kind, verb: string, results: readonly unknown[]) {
  if (isPermittedSomewhere(holder.limits, { ...kind, verb })) {
    return results.map(result => expect.objectContaining({ result }))
  }
  return results.map(() => failure(102, 'permission_denied'))
}

describeApps(
  `${tokenCount} random tokens on the records of ${nameCount} names`,
  (wire, engine) => {
    let holders: readonly Holder[]
    const first = engine === 'postgres' ? 0 : 1

    beforeAll(async () => {
      for (const kind of kinds) {
        await kind.record(wire)
        const { resource, own } = kind
        const query = { condition: own }
        await wire.result('view_create', { name: viewOf(kind), resource, query, shared: true })
      }
      const token = secrets.root
      const creations = limitLists.map(limits => ({
        token,
        token_creation: { token_limit: [...limits, mayTell] },
      }))
      const made = await wire.ask(creations.map(params => rpc('token_create', params)))
      holders = (made as { result: { key: string; secret: string } }[]).map(({ result }, i) => ({
        token: `${result.key}:${result.secret}`,
        limits: limitLists[i] ?? [],
      }))
    })

    const askAs = ({ token }: Holder, calls: readonly (readonly [string, object])[]) =>
      wire.ask(calls.map(([method, params]) => rpc(method, { token, ...params }))) as Promise<Answer[]>

    test.each(kinds)(
      '$resource: without a name what is permitted is found, all of it and nothing else',
      async kind => {
        const { resource, member, own } = kind
        const query = { condition: [...own, { limit: 1000 }] }
        let partial = 0
        const asked = holders.filter((_, i) => kind.isOnBoth || i % 2 === first)
        for (const holder of asked) {
          const answers = await askAs(holder, [
            [`${resource}_query`, { query }],
            [`${resource}_page`, { query, fields: [member] }],
            ...tellings.map(({ method, params }) => [`${resource}_${method}`, params(kind)] as const),
            [`${resource}_delete`, { query: { condition: [...own, 'all'] }, dry_run: true }],
          ])
          const found = namesFor(holder, kind, 'read').toReversed()
          const mine = found.map(name => ({ [member]: name }))
          const would_delete = namesFor(holder, kind, 'delete').length
          expect(answers, `seed ${seed}, limits ${JSON.stringify(holder.limits)}`).toEqual([
            ...resultsOr102(holder, kind, 'read', [
              mine.map(row => expect.objectContaining(row)),
              { rows: mine, next: null },
              ...tellings.map(({ answer }) => answer(found, kind)),
            ]),
            ...(kind.isKept
              ? [failure(102, 'permission_denied')]
              : resultsOr102(holder, kind, 'delete', [
                  expect.objectContaining({ deleted: 0, would_delete }),
                ])),
          ])
          if (mine.length > 0 && mine.length < names.length) partial++
        }
        // Else the tokens were too much alike to tell anything.
        expect(partial).toBeGreaterThan(asked.length / 40)
      },
    )

    test('by its key each record comes or is 105, exactly as permitted', async () => {
      const keysOf = new Map<Kind, readonly unknown[]>()
      for (const kind of kinds) {
        const query = { condition: [...kind.own, { limit: nameCount }] }
        const rows = await wire.result<Record<string, unknown>[]>(`${kind.resource}_query`, { query })
        const keys = new Map(rows.map(row => [row[kind.member], row[kind.key]]))
        keysOf.set(
          kind,
          names.map(name => keys.get(name)),
        )
      }
      for (const [i, holder] of holders.entries()) {
        const kind = kinds[i % kinds.length]
        if (kind === undefined) throw new TypeError('there are no kinds')
        // Each engine is asked about others.
        const asked = names.map((_, j) => j).filter(j => (i + j) % 8 === 4 * first)
        const calls = asked.map(j => [`${kind.resource}_get`, { id: keysOf.get(kind)?.[j] }] as const)
        const mine = new Set(namesFor(holder, kind, 'read'))
        const results = asked.map(j => (mine.has(names[j] ?? '') ? names[j] : 105))
        const mayReadSome = isPermittedSomewhere(holder.limits, { ...kind, verb: 'read' })
        const told = (await askAs(holder, calls)).map(({ result, error }) => {
          return error?.code ?? Object(result)[kind.member]
        })
        expect(told, `seed ${seed}, limits ${JSON.stringify(holder.limits)}`).toEqual(
          mayReadSome ? results : asked.map(() => 102),
        )
      }
    })

    test('a monitor counts what its maker may read, and nothing else', async () => {
      const monitor = {
        name: 'everything',
        window_ms: 86_400_000,
        every_ms: 86_400_000,
        when: { at_least: 1_000_000 },
        event: { sender: 'matrix' },
      }
      const expected = new Map<Holder, number>()
      for (const [i, holder] of holders.entries()) {
        const kind = kinds[Math.floor(i / 2) % kinds.length]
        if (kind === undefined || i % 2 !== first) continue
        const { resource, own } = kind
        const params = { ...monitor, resource, query: { condition: own } }
        const [made] = await askAs(holder, [['monitor_create', params]])
        expect([made]).toEqual(resultsOr102(holder, kind, 'read', [expect.anything()]))
        if (made?.error === undefined) expected.set(holder, namesFor(holder, kind, 'read').length)
      }
      const statuses = async (token?: string) =>
        (await wire.result<{ monitors: MonitorStatus[] }>('monitor_status', {}, token)).monitors
      await vi.waitUntil(async () => (await statuses()).every(each => each.evaluated_time !== null), {
        timeout: 60_000,
        interval: 500,
      })
      for (const [holder, count] of expected) {
        const told = await statuses(holder.token)
        expect(told, `seed ${seed}, limits ${JSON.stringify(holder.limits)}`).toEqual([
          expect.objectContaining({ name: 'everything', count, last_error: null }),
        ])
      }
      expect(expected.size).toBeGreaterThan(3)
    })

    test('by its name each object is answered or 102, exactly as permitted', async () => {
      // Each engine is asked about every other pair of a token and a name: what decides is above the engine.
      for (const [i, holder] of holders.entries()) {
        const kind = kinds[i % kinds.length]
        if (kind === undefined) throw new TypeError('there are no kinds')
        const asked = names.filter((_, j) => (i + j) % 2 === first)
        const calls = asked.map(name => {
          const query = { condition: [{ [kind.member]: name }, { limit: 0 }] }
          return [`${kind.resource}_query`, { query }] as const
        })
        const codes = (await askAs(holder, calls)).map(answer => answer.error?.code)
        const mine = new Set(namesFor(holder, kind, 'read'))
        const expected = asked.map(name => (mine.has(name) ? undefined : 102))
        expect(codes, `seed ${seed}, limits ${JSON.stringify(holder.limits)}`).toEqual(expected)
      }
    })
  },
  // A hundred thousand lines would tell nothing.
  { env: { DAYBOOK_MAX_BATCH: String(nameCount), LOG_LEVEL: 'warn' }, prepare: keptRows(names) },
)
