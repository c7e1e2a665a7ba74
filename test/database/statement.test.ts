import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { bindStatement, compileStatement, Slot } from '../../src/database/statement.ts'
import { describeEngines } from '../support/databases.ts'

describeEngines('a compiled statement', open => {
  test('runs with other values each time', async () => {
    const database = await open()
    const insert = compileStatement(
      database.kysely.insertInto('server_secret').values(({ val }) => ({
        name: val<string>(new Slot(1) as never),
        value: val<string>(new Slot(0) as never),
      })),
      'insert_secret',
    )
    expect(insert.parameters).toEqual([new Slot(1), new Slot(0)])
    await database.run(insert, ['first value', 'a'])
    await database.run(insert, ['second value', 'b'])

    const select = compileStatement({
      compile: () =>
        sql`select value from server_secret where name = ${new Slot(0)} and value like ${'%value'}`.compile(
          database.kysely,
        ),
    })
    expect((await database.run(select, ['a'])).rows).toEqual([['first value']])
    expect((await database.run(select, ['b'])).rows).toEqual([['second value']])
    expect((await database.run(select, ['c'])).rows).toEqual([])
  })

  test('keeps its fixed values and refuses to run without a value for a slot', async () => {
    const statement = { name: undefined, sql: 'select $1, $2', parameters: ['fixed', new Slot(0)] }
    expect(bindStatement(statement, [null])).toEqual(['fixed', null])
    expect(() => bindStatement(statement, [])).toThrow(RangeError)
    const database = await open()
    await expect(database.run(statement, [])).rejects.toThrow(RangeError)
  })
})
