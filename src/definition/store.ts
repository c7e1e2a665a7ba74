import { isDeepStrictEqual } from 'node:util'
import { notifySql } from '../database/channels.ts'
import type { Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'
import type { Sealer } from '../seal.ts'
import type { Definition, Fields, StoredOf } from './definition.ts'

type Statements = Pick<Runner, 'run'>

/** The definitions of one kind as the database keeps them. */
export interface DefinitionStore<Stored> {
  /** The columns that `read` takes, as SQL selects them. */
  readonly columns: string
  read(row: readonly unknown[]): Stored
  /** Undefined, with nothing inserted, on a conflict. `now`: epoch milliseconds. */
  insert(runner: Statements, values: Partial<Stored>, now: number): Promise<Stored | undefined>
  /** By its key; of an owned kind: by `[owner, key]`, as below. */
  find(runner: Statements, key: unknown): Promise<Stored | undefined>
  /** The same, locked until the transaction ends. */
  lock(runner: Statements, key: unknown): Promise<Stored | undefined>
  /** All, or all of one owner, in order of their keys. */
  list(runner: Statements, owner?: string): Promise<readonly Stored[]>
  /** Writes the members that are given; undefined when it is gone. */
  update(runner: Statements, key: unknown, values: Partial<Stored>, now: number): Promise<Stored | undefined>
  /** False when it is gone. */
  remove(runner: Statements, key: unknown): Promise<boolean>
}

/** The members of `values` that differ from what is stored in `before`. */
export function changesOf<F extends Fields>(
  { fields }: Definition<F>,
  before: StoredOf<Definition<F>>,
  values: Partial<StoredOf<Definition<F>>>,
): Partial<StoredOf<Definition<F>>> {
  const known: Readonly<Record<string, unknown>> = { ...before }
  const changed = Object.entries(values).filter(([name, value]) => {
    if (isDeepStrictEqual(value, known[name])) return false
    const write = (each: unknown) => fields[name]?.storage.write(each, openSealer)
    return !isDeepStrictEqual(write(value), write(known[name]))
  })
  // Some of the members of `values`, as they are.
  return Object.fromEntries(changed) as Partial<StoredOf<Definition<F>>>
}

/** For comparisons: sealing the same text twice gives two texts. */
const openSealer: Sealer = { seal: text => text, open: text => text }

const noSealer: Sealer = {
  seal: () => {
    throw new TypeError('there is no key to seal with')
  },
  open: () => {
    throw new TypeError('there is no key to open with')
  },
}

/** `sealer`: for what its storages keep sealed. */
export function createStore<F extends Fields>(
  definition: Definition<F>,
  sealer: Sealer = noSealer,
): DefinitionStore<StoredOf<Definition<F>>> {
  type Stored = StoredOf<Definition<F>>
  const { table, key, isOwned, fields, channel, onConflict = 'do nothing' } = definition
  const { columns, read, written } = columnsOf(fields, sealer)
  const keys = isOwned === true ? ['owner', key] : [key]
  const keyColumns = keys.map(name => fields[name]?.storage.columns?.[0] ?? name)
  const isNamed = keyColumns.map((column, i) => `${column} = $${i + 1}`).join(' and ')
  const valuesOf = (named: unknown): readonly unknown[] => (Array.isArray(named) ? named : [named])

  const find = rawStatement(`select ${columns} from ${table} where ${isNamed}`)
  const lock = rawStatement(`select ${columns} from ${table} where ${isNamed} for update`)
  const list = rawStatement(`select ${columns} from ${table} order by ${keyColumns.join(', ')}`)
  const listOf = rawStatement(
    `select ${columns} from ${table} where ${keyColumns[0]} = $1 order by ${keyColumns.join(', ')}`,
  )
  const remove = rawStatement(`delete from ${table} where ${isNamed}`)
  const notify = channel === undefined ? undefined : rawStatement(`select ${notifySql(channel)}`)

  /** Notifies the servers of a write. */
  async function announced(
    runner: Statements,
    row: readonly unknown[] | undefined,
  ): Promise<Stored | undefined> {
    if (row === undefined) return undefined
    if (notify !== undefined) await runner.run(notify, [])
    return read(row)
  }

  return {
    columns,
    read,
    async insert(runner, values, now) {
      const set = written(values, ['created', 'updated'], now)
      const statement = rawStatement(
        `insert into ${table} (${set.map(({ column }) => column).join(', ')})
         values (${set.map((_, i) => `$${i + 1}`).join(', ')}) on conflict ${onConflict} returning ${columns}`,
      )
      const { rows } = await runner.run(
        statement,
        set.map(({ value }) => value),
      )
      return announced(runner, rows[0])
    },
    find: async ({ run }, named) => (await run(find, valuesOf(named))).rows.map(read)[0],
    lock: async ({ run }, named) => (await run(lock, valuesOf(named))).rows.map(read)[0],
    list: async ({ run }, owner) =>
      (await (owner === undefined ? run(list, []) : run(listOf, [owner]))).rows.map(read),
    async update(runner, named, values, now) {
      const set = written(values, ['updated'], now)
      if (set.length === 0) return (await runner.run(find, valuesOf(named))).rows.map(read)[0]
      const first = keyColumns.length + 1
      const statement = rawStatement(
        `update ${table} set ${set.map(({ column }, i) => `${column} = $${i + first}`).join(', ')}
         where ${isNamed} returning ${columns}`,
      )
      const { rows } = await runner.run(statement, [...valuesOf(named), ...set.map(({ value }) => value)])
      return announced(runner, rows[0])
    },
    async remove(runner, named) {
      const { affected } = await runner.run(remove, valuesOf(named))
      if (affected > 0 && notify !== undefined) await runner.run(notify, [])
      return affected > 0
    },
  }
}

/** The columns of a definition's fields: what a row of them says, and what a write sets. */
function columnsOf<F extends Fields>(fields: F, sealer: Sealer) {
  let width = 0
  const members = Object.entries(fields).flatMap(([name, field]) => {
    const columns = field.storage.columns ?? [name]
    const from = width
    width += columns.length
    return columns.length === 0 ? [] : [{ ...field, name, columns, from }]
  })
  return {
    columns: members.flatMap(each => each.columns).join(', '),
    read(row: readonly unknown[]): StoredOf<Definition<F>> {
      const entries = members.map(({ name, columns, from, storage }) => [
        name,
        storage.read(row.slice(from, from + columns.length), sealer),
      ])
      // Each field's storage reads what its type says.
      return Object.fromEntries(entries) as StoredOf<Definition<F>>
    },
    /** The columns that a write sets, and their values. */
    written(given: Readonly<Record<string, unknown>>, stamps: readonly string[], now: number) {
      return members.flatMap(({ name, columns, storage, stamp = '' }) => {
        const value = stamps.includes(stamp) ? now : given[name]
        if (value === undefined) return []
        const values = storage.write(value, sealer)
        return columns.map((column, i) => ({ column, value: values[i] }))
      })
    },
  }
}
