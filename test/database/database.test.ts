import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import { expect, test, vi } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import type { Schema } from '../../src/database/schema.ts'
import { Slot } from '../../src/database/statement.ts'
import { describeEngines } from '../support/databases.ts'

describeEngines('a database', (open, engine) => {
  /** What only the embedded engine can get wrong; elsewhere there is no such test to skip. */
  const onPGlite = (name: string, run: () => Promise<void>): void => {
    if (engine === 'pglite') test(name, run)
  }

  test('tells how many rows a statement changed, and none for a select', async () => {
    const database = await open()
    const affected = async (text: string): Promise<number> => (await run(database, text)).affected
    expect(await affected("insert into server_secret values ('a', '1'), ('b', '2')")).toBe(2)
    expect(await affected("update server_secret set value = '3'")).toBe(2)
    expect(await affected('select * from server_secret')).toBe(0)
    expect(await affected("delete from server_secret where name = 'a' returning name")).toBe(1)
    const deleted = await database.kysely.deleteFrom('server_secret').executeTakeFirst()
    expect(deleted.numDeletedRows).toBe(1n)
  })

  test('commits what a transaction did and gives its result', async () => {
    const database = await open()
    const result = await database.transaction(async inner => {
      await addSecret(inner.kysely, 'kept')
      return 'done'
    })
    expect(result).toBe('done')
    expect(await secretNames(database)).toEqual(['kept'])
  })

  test('rolls a transaction back when its work fails, and passes that error on untouched', async () => {
    const database = await open()
    const failure = new Error('work failed')
    const work = database.transaction(async inner => {
      await addSecret(inner.kysely, 'lost')
      throw failure
    })
    await expect(work).rejects.toBe(failure)
    expect(await secretNames(database)).toEqual([])
  })

  test('rolls a transaction back whose work swallowed the error of a statement', async () => {
    const database = await open()
    const work = database.transaction(async inner => {
      await addSecret(inner.kysely, 'lost')
      await run(inner, 'select 1 / 0').catch(() => undefined)
    })
    await expect(work).rejects.toMatchObject({ code: 103, data: { reason: 'transaction_aborted' } })
    expect(await secretNames(database)).toEqual([])
  })

  test('calls a statement that its engine does not support neither outdated nor retryable, and goes on', async () => {
    const database = await open()
    const unsupported = { code: 103, data: { reason: 'statement_unsupported', retryable: false } }
    const locked = 'select count(*) from server_secret for update'
    await expect(run(database, locked)).rejects.toMatchObject(unsupported)
    await expect(database.transaction(inner => run(inner, locked))).rejects.toMatchObject(unsupported)
    expect((await run(database, 'select 1')).rows).toEqual([[1]])
  })

  test('keeps queries from outside out of an open transaction', async () => {
    const database = await open()
    const begun = Promise.withResolvers<void>()
    const finish = Promise.withResolvers<void>()
    const work = database.transaction(async inner => {
      await addSecret(inner.kysely, 'inside')
      begun.resolve()
      await finish.promise
      throw new Error('roll back')
    })
    await begun.promise
    const outside = addSecret(database.kysely, 'outside')
    await sleep(20)
    finish.resolve()
    await expect(work).rejects.toThrow('roll back')
    await outside
    expect(await secretNames(database)).toEqual(['outside'])
  })

  test('refuses a transaction of Kysely, which would not be one', async () => {
    const { kysely } = await open()
    await expect(kysely.transaction().execute(async () => undefined)).rejects.toThrow('Database.transaction')
  })

  test('refuses a query that comes after its transaction has ended', async () => {
    const database = await open()
    const late = await database.transaction(async inner => () => run(inner, 'select 1'))
    await expect(late()).rejects.toThrow('ended')
    expect((await run(database, 'select 1')).rows).toEqual([[1]])
  })

  onPGlite('refuses what would wait for its own transaction for ever', async () => {
    const database = await open()
    const work = database.transaction(() => run(database, 'select 1'))
    await expect(work).rejects.toThrow('its own runner')
    const after = await database.transaction(async () => sleep(1).then(() => () => run(database, 'select 2')))
    expect((await after()).rows).toEqual([[2]])
  })

  onPGlite('fails at once, and for good, where the engine has ended', async () => {
    const fatal: unknown[] = []
    const database = await open({ onError: () => undefined, onFatal: error => fatal.push(error) })
    const crashed = { code: 103, data: { reason: 'engine_crashed', retryable: false } }
    await run(database, 'set exit_on_error = on')
    const [work, waiting] = [
      database.transaction(inner => run(inner, 'select * from nowhere')),
      database.ping(),
    ]
    await expect(work).rejects.toMatchObject(crashed)
    await expect(waiting).rejects.toMatchObject(crashed)
    await expect(database.ping()).rejects.toMatchObject(crashed)
    expect(fatal).toEqual([expect.any(Error)])
    await database.close()
  })

  onPGlite('takes JSON of any depth for what it is, or refuses it, and goes on', async () => {
    const database = await open()
    const insert = {
      name: undefined,
      sql: "insert into server_secret values ('deep', $1::jsonb::text) returning length(value)",
      parameters: [new Slot(0)],
    }
    const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
    expect((await database.run(insert, [deep(7000)])).rows).toEqual([[14_000]])
    await expect(database.run(insert, [deep(400_000)])).rejects.toMatchObject({ code: 103 })
    expect(await secretNames(database)).toEqual(['deep'])
  })

  onPGlite('ends a statement that takes too long, and with it data that is only in memory', async () => {
    const fatal: unknown[] = []
    const options = { statementTimeoutMs: 300, onError: () => undefined }
    const database = await open({ ...options, onFatal: error => fatal.push(error) })
    await expect(run(database, endless)).rejects.toMatchObject({ code: 103 })
    await expect(database.ping()).rejects.toMatchObject({ code: 103, data: { reason: 'engine_crashed' } })
    expect(fatal).toEqual([expect.any(Error)])
  })

  test('lets a listener query at once, also when a transaction of this database woke it', async () => {
    const database = await open()
    const answers: Promise<unknown>[] = []
    await database.listen('daybook_test', () => answers.push(database.ping()))
    await database.transaction(inner => run(inner, 'notify daybook_test'))
    await vi.waitFor(() => expect(answers).toHaveLength(1))
    await Promise.all(answers)
  })

  test('wakes every listener of a channel, and none once it has ended or of another channel', async () => {
    const database = await open()
    const [first, second, other] = [vi.fn(), vi.fn(), vi.fn()]
    const endFirst = await database.listen('daybook_test', first)
    await database.listen('daybook_test', second)
    await database.listen('daybook_other', other)
    await run(database, 'notify daybook_test')
    await vi.waitFor(() => expect(second).toHaveBeenCalledTimes(1))
    expect(first).toHaveBeenCalledTimes(1)

    await endFirst()
    await database.transaction(inner => run(inner, 'notify daybook_test'))
    await vi.waitFor(() => expect(second).toHaveBeenCalledTimes(2))
    expect(first).toHaveBeenCalledTimes(1)
    expect(other).not.toHaveBeenCalled()
  })

  test('is woken when a token changes', async () => {
    const database = await open()
    const wake = vi.fn()
    await database.listen('daybook_token', wake)
    await run(database, 'delete from token')
    await vi.waitFor(() => expect(wake).toHaveBeenCalled())
  })

  test('outlives a listener that throws', async () => {
    const errors: unknown[] = []
    const database = await open({ onError: error => errors.push(error) })
    const failure = new Error('wake failed')
    await database.listen('daybook_test', () => {
      throw failure
    })
    await run(database, 'notify daybook_test')
    await vi.waitFor(() => expect(errors).toEqual([failure]))
  })

  test('takes only names of its own making for a channel', async () => {
    const database = await open()
    await expect(database.listen('a; drop table token', () => undefined)).rejects.toThrow(TypeError)
  })

  test('answers a ping, counts its connections, and after close does neither', async () => {
    const database = await open()
    await database.ping()
    expect(database.stats()).toEqual({ total: 1, idle: 1, waiting: 0 })
    await database.close()
    await database.close()
    const closed = { code: 103, data: { reason: 'database_unavailable', retryable: true } }
    await expect(database.ping()).rejects.toMatchObject(closed)
    await expect(run(database, 'select 1')).rejects.toMatchObject(closed)
    await expect(database.transaction(async () => undefined)).rejects.toMatchObject(closed)
  })

  test('tells a client of an error by code and reason, never in the words of the engine', async () => {
    const database = await open()
    await addSecret(database.kysely, 'taken')
    const failing: readonly (readonly [string, number, string])[] = [
      ['select * from missing_table', 103, 'database_error'],
      ['selec nonsense', 103, 'database_error'],
      ["insert into server_secret values ('taken', 'x')", 103, 'unique_violation'],
      ["insert into server_secret values ('new', null)", 103, 'constraint_violation'],
      ['select 1 / 0', 108, 'value_refused'],
      ["select 'x'::int8", 108, 'value_refused'],
    ]
    for (const [text, code, reason] of failing) {
      const error = await run(database, text).catch((caught: unknown) => caught)
      expect(error, text).toMatchObject({ code, data: { reason }, cause: { severity: 'ERROR' } })
      const { message, data } = error as { message: string; data: unknown }
      const shown = JSON.stringify({ message, data })
      expect(shown, text).not.toMatch(/missing_table|nonsense|taken|server_secret|null|zero|bigint|int8/)
      await expect(sql.raw(text).execute(database.kysely), text).rejects.toMatchObject({ code })
    }
  })
})

const endless = 'select count(*) from generate_series(1, 1e9) as a, generate_series(1, 1e9) as b'

type Runs = Pick<Database, 'run'>

function run(runner: Runs, text: string): ReturnType<Runs['run']> {
  return runner.run({ name: undefined, sql: text, parameters: [] }, [])
}

async function addSecret(kysely: Kysely<Schema>, name: string): Promise<void> {
  await kysely.insertInto('server_secret').values({ name, value: 'x' }).execute()
}

async function secretNames({ kysely }: Database): Promise<string[]> {
  const rows = await kysely.selectFrom('server_secret').select('name').execute()
  return rows.map(row => row.name)
}
