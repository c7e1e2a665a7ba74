import { beforeAll, expect, test } from 'vitest'
import { resources } from '../../src/resource/kind/index.ts'
import { type Call, createCaller, holderOf } from '../resource/caller.ts'
import { plainRow, recordAll } from '../resource/record-rows.ts'
import { describeEngines } from '../support/databases.ts'

describeEngines('one record', open => {
  let call: Call
  let keysOf: ReadonlyMap<string, readonly number[]>

  beforeAll(async () => {
    const database = await open()
    call = createCaller(database)
    const recorded = new Map<string, readonly number[]>()
    for (const resource of resources) {
      const rows = ['mine', 'theirs', 'mine'].map((name, number) => plainRow(resource, name, number))
      recorded.set(resource.name, await recordAll({ database, call, resource }, rows))
    }
    keysOf = recorded
  })

  test.each(resources)('of $name comes whole by its key', async ({ name, ordering }) => {
    for (const id of keysOf.get(name) ?? []) {
      const [row] = await call<unknown[]>(`${name}_query`, { query: { condition: [{ [ordering.key]: id }] } })
      expect(row).toMatchObject({ [ordering.key]: id })
      expect(await call(`${name}_get`, { id })).toEqual(row)
    }
  })

  test.each(resources)('of $name that may not be read looks like one that is not there', async resource => {
    const { name, scope, permission } = resource
    const [mine, theirs] = keysOf.get(name) ?? []
    const holder = holderOf([
      { scopes: [{ [scope]: 'mi*' } as never], permissions: [{ [permission]: { read: '*' } } as never] },
    ])
    const refusalOf = (id: unknown) =>
      call(`${name}_get`, { id }, holder).then(
        () => undefined,
        ({ code, message, data }) => ({ code, message, data }),
      )
    expect(await refusalOf(mine)).toBeUndefined()
    const absent = await refusalOf(Number.MAX_SAFE_INTEGER)
    expect(absent).toMatchObject({ code: 105, data: { reason: 'record_not_found' } })
    expect(await refusalOf(theirs)).toEqual(absent)
  })

  test('is refused to those who may read none at all', async () => {
    const [id] = keysOf.get('js-result') ?? []
    const writer = holderOf([{ scopes: ['global'], permissions: [{ js_result: { write: '*' } }] }])
    await expect(call('js-result_get', { id }, writer)).rejects.toMatchObject({ code: 102 })
    await expect(call('js-result_get', { id: -1 }, writer)).rejects.toMatchObject({ code: 102 })
  })

  test.each([{}, { id: '1' }, { id: 1.5 }, { id: null }, { id: 2 ** 53 }])(
    'with %j is refused',
    async params => {
      await expect(call('js-result_get', params)).rejects.toMatchObject({
        code: -32602,
        data: { path: 'id' },
      })
    },
  )
})
