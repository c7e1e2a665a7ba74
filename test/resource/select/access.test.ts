import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { Order } from '../../../src/condition/cursor.ts'
import type { Engine } from '../../../src/database/database.ts'
import { type Identity, permits, permittedNames } from '../../../src/permission/grant.ts'
import { resources } from '../../../src/resource/kind/index.ts'
import { actionOf, type Resource, type Verb } from '../../../src/resource/resource.ts'
import { someLimits, someName } from '../../permission/random-limit.ts'
import { describeEngines } from '../../support/databases.ts'
import { repetitions } from '../../support/repetitions.ts'
import { type Call, createCaller, createUndoable, holderOf, type Undoable, walkPages } from '../caller.ts'
import { plainRow, recordAll } from '../record-rows.ts'

const nameCount = 500

/** PGlite runs the same SQL; the tests at the wire ask it in the name of as many tokens. */
function tokenCountOf(engine: Engine): number {
  return engine === 'pglite' ? repetitions(50, 20) : repetitions(200, 40)
}

const denied = expect.objectContaining({ code: 102, data: { reason: 'permission_denied' } })

interface Row {
  readonly key: number
  readonly name: string
}

interface Target {
  readonly call: Call
  readonly database: Undoable
  readonly resource: Resource
  /** Oldest first. */
  readonly rows: readonly Row[]
}

const finished = resources.filter(resource => resource.finish !== undefined)

describeEngines('random tokens on the records of 500 names', (open, engine) => {
  const names = fc.sample(
    fc.uniqueArray(
      fc.tuple(someName, someName).map(parts => parts.join('')),
      {
        minLength: nameCount,
        maxLength: nameCount,
      },
    ),
    1,
  )[0]
  const targets = new Map<Resource, Target>()
  let tokens: readonly Identity[]

  beforeAll(async () => {
    const database = createUndoable(await open())
    const call = createCaller(database)
    tokens = fc.sample(someLimits, tokenCountOf(engine)).map(holderOf)
    for (const resource of resources) {
      const empty = { call, database, resource }
      targets.set(resource, {
        ...empty,
        rows: await recordNamed(empty, [...(names ?? []), ...(names ?? [])]),
      })
    }
  })

  /** What a deletion undoes costs most: the first resource bears all tokens, the others differ by their fields alone. */
  function writersTo(resource: Resource): readonly Identity[] {
    return resource === resources[0] ? tokens : tokens.filter((_, i) => i % 5 === 0)
  }

  function targetOf(resource: Resource): Target {
    const target = targets.get(resource)
    if (target === undefined) throw new TypeError(`nothing loaded for ${resource.name}`)
    return target
  }

  test.each(resources)(
    '$name: reading finds what is permitted, all of it and nothing else',
    async resource => {
      const target = targetOf(resource)
      let partial = 0
      for (const caller of tokens) {
        const { mine, isDenied } = share(target, caller, 'read')
        if (mine.length > 0 && mine.length < target.rows.length) partial++
        if (isDenied) await expectNoReads(target, caller)
        else await expectReads(target, caller, mine)
      }
      // Of a few tokens none may be such by chance.
      expect(partial).toBeGreaterThanOrEqual(Math.floor(tokens.length / 100))
    },
  )

  test.each(resources)('$name: deleting all takes what is permitted and leaves the rest', async resource => {
    const target = targetOf(resource)
    for (const caller of writersTo(resource)) {
      const { mine, others, isDenied } = share(target, caller, 'delete')
      const params = { query: { condition: ['all'] } }
      if (isDenied) {
        await expect(target.call(`${resource.name}_delete`, params, caller)).rejects.toEqual(denied)
        continue
      }
      await target.database.undone(async () => {
        const dry = await target.call(`${resource.name}_delete`, { ...params, dry_run: true }, caller)
        expect(dry).toMatchObject({ deleted: 0, would_delete: mine.length })
        expect(await target.call(`${resource.name}_delete`, params, caller)).toMatchObject({
          deleted: mine.length,
        })
        expect(await readKeys(target)).toEqual(others.map(keyOf).toReversed())
      })
    }
  })

  test.each(finished)('$name: finishing touches only what is permitted', async resource => {
    const target = targetOf(resource)
    for (const caller of writersTo(resource)) {
      const { mine, others, isDenied } = share(target, caller, 'write')
      await target.database.undone(async () => {
        const finish = (row: Row) =>
          target.call(`${resource.name}_finish`, { id: row.key, result: 1 }, caller)
        for (const row of others.slice(0, 3)) {
          if (isDenied) await expect(finish(row)).rejects.toEqual(denied)
          else expect(await finish(row)).toEqual({ updated: 0 })
        }
        for (const row of mine.slice(0, 3)) expect(await finish(row)).toEqual({ updated: 1 })
        const open = { ...target, conditions: [{ not: { result_contains: 1 } }] }
        expect(await readKeys(open)).toHaveLength(target.rows.length - Math.min(mine.length, 3))
      })
    }
  })

  test.each(resources)('$name: naming an object that is not permitted is 102', async resource => {
    const target = targetOf(resource)
    for (const [i, caller] of tokens.entries()) {
      const named = [target.rows[i]?.name ?? '', permittedName(target, caller)]
      await target.database.undone(async () => {
        for (const name of named) await expectNamed(target, caller, name)
      })
    }
  })
})

/** Each method on one name answers, or refuses before it does anything. */
async function expectNamed({ call, resource }: Target, caller: Identity, name: string): Promise<void> {
  const query = { condition: [{ [resource.nameField]: name }, { limit: 10 }] }
  const inside = { condition: [{ or: [{ not: { [resource.nameField]: name } }, 'is_failure'] }] }
  const attempts: [string, Verb, object][] = [
    ['query', 'read', { query }],
    ['page', 'read', { query }],
    ['count', 'read', { query }],
    ['count', 'read', { query: inside }],
    ['delete', 'delete', { query }],
  ]
  if (resource.recorded === 'append') {
    attempts.push(['append', 'write', { rows: [plainRow(resource, name)] }])
  }
  for (const [method, verb, params] of attempts) {
    const answer = call(`${resource.name}_${method}`, params, caller)
    if (permits(caller, actionOf(resource, verb), name)) await answer
    else await expect(answer).rejects.toEqual(denied)
  }
}

/** A name on which the caller may do something, or one at random. */
function permittedName({ resource, rows }: Target, caller: Identity): string {
  const verbs: readonly Verb[] = ['read', 'write', 'delete']
  const row = rows.find(({ name }) => verbs.some(verb => permits(caller, actionOf(resource, verb), name)))
  return (row ?? rows[0])?.name ?? ''
}

function keyOf(row: Row): number {
  return row.key
}

/** One row a name, all of the same moment; oldest first. */
async function recordNamed(target: Omit<Target, 'rows'>, names: readonly string[]): Promise<readonly Row[]> {
  const keys = await recordAll(
    target,
    names.map((name, i) => plainRow(target.resource, name, i)),
  )
  return names.map((name, i) => ({ name, key: keys[i] ?? 0 })).toSorted((a, b) => a.key - b.key)
}

interface Share {
  readonly mine: readonly Row[]
  readonly others: readonly Row[]
  /** Whether the caller may do this to no object at all, there or not. */
  readonly isDenied: boolean
}

function share({ resource, rows }: Target, caller: Identity, verb: Verb): Share {
  const action = actionOf(resource, verb)
  const isMine = new Set(rows.map(row => row.name).filter(name => permits(caller, action, name)))
  return {
    mine: rows.filter(row => isMine.has(row.name)),
    others: rows.filter(row => !isMine.has(row.name)),
    isDenied: Object.values(permittedNames(caller, action)).every(
      part => part === false || (Array.isArray(part) && part.length === 0),
    ),
  }
}

interface Reading extends Target {
  readonly conditions?: readonly unknown[]
}

async function readKeys({ call, resource, conditions = [] }: Reading, caller?: Identity): Promise<number[]> {
  const query = { condition: [...conditions, { limit: 10_000 }] }
  const rows = await call<Record<string, unknown>[]>(`${resource.name}_query`, { query }, caller)
  return rows.map(row => Number(row[resource.ordering.key]))
}

async function expectReads(target: Target, caller: Identity, mine: readonly Row[]): Promise<void> {
  const newest = mine.map(keyOf).toReversed()
  expect(await readKeys(target, caller)).toEqual(newest)
  expect(await countAll(target, caller)).toEqual({ count: mine.length })
  expect(await walkAll(target, caller, 'newest')).toEqual(newest)
  expect(await walkAll(target, caller, 'oldest')).toEqual(newest.toReversed())
}

async function expectNoReads(target: Target, caller: Identity): Promise<void> {
  await expect(readKeys(target, caller)).rejects.toEqual(denied)
  await expect(countAll(target, caller)).rejects.toEqual(denied)
  await expect(walkAll(target, caller, 'newest')).rejects.toEqual(denied)
}

function countAll({ call, resource }: Target, caller: Identity): Promise<unknown> {
  return call(`${resource.name}_count`, { query: { condition: [] } }, caller)
}

function walkAll({ call, resource }: Target, caller: Identity, order: Order): Promise<readonly number[]> {
  return walkPages({ call, resource, caller, order, conditions: [], sizes: [300, 1000] })
}
