import { expect, test } from 'vitest'
import { tables } from '../../src/database/schema.ts'
import { describeEngines } from '../support/databases.ts'

describeEngines('the schema types', open => {
  test('list every table and column of the migrated database, with its type', async () => {
    const database = await open()
    const all = await database.kysely.introspection.getTables()
    // A range of a table is no table of its own.
    const found = all.filter(table => table.schema === 'public' && !/_p\d+$/.test(table.name))
    const described = Object.fromEntries(
      found.map(table => [
        table.name,
        Object.fromEntries(table.columns.map(column => [column.name, describeColumn(column)])),
      ]),
    )
    expect(described).toEqual(tables)
  })
})

interface Column {
  readonly dataType: string
  readonly isNullable: boolean
  readonly isAutoIncrementing: boolean
  readonly hasDefaultValue: boolean
}

function describeColumn(column: Column): string {
  if (column.isAutoIncrementing) return `${column.dataType} identity`
  if (column.isNullable) return `${column.dataType} null`
  return column.hasDefaultValue ? `${column.dataType} default` : column.dataType
}
