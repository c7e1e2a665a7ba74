import { beforeAll, beforeEach, expect, test } from 'vitest'
import type { Database, Runner } from '../../../src/database/database.ts'
import { disableHandler } from '../../../src/event/handler/handler-change.ts'
import {
  createHandlerDirectory,
  type HandlerDirectory,
} from '../../../src/event/handler/handler-directory.ts'
import { compilePattern } from '../../../src/permission/pattern.ts'
import { describeEngines } from '../../support/databases.ts'
import { handlers, insert, now, sealer } from '../definitions.ts'

describeEngines('the directory of handlers', open => {
  let database: Database
  let directory: HandlerDirectory

  beforeAll(async () => {
    database = await open()
  })
  beforeEach(async () => {
    await database.kysely.deleteFrom('event_handler').execute()
    directory = createHandlerDirectory(sealer)
  })

  const names = async (runner: Runner = database) =>
    (await directory.current(runner)).all.map(handler => handler.full_name)

  test('finds by name and by what a handler takes', async () => {
    const { id } = await insert(database, 'b', { sender: compilePattern('shop.*') })
    await insert(database, 'a', { event_type: compilePattern('*') })
    await insert(database, 'c', { sender: compilePattern('bank') })
    await insert(database, 'off', { enabled: false })
    const handlers = await directory.current(database)
    expect(handlers.byName('b')?.id).toBe(id)
    expect(handlers.byName('toString')).toBeUndefined()
    const matching = (sender: string, type: string) =>
      handlers.matching(sender, type).map(handler => handler.full_name)
    expect(matching('shop.de', 'events.NormalType')).toEqual(['a', 'b'])
    expect(matching('bank', 'events.NormalType')).toEqual(['a', 'c'])
    expect(matching('bank', 'other')).toEqual(['a'])
  })

  test('sees what another server has changed the next time it is asked', async () => {
    expect(await names()).toEqual([])
    const other = createHandlerDirectory(sealer)
    const { id } = await insert(database, 'a')
    expect(await names()).toEqual(['a'])
    expect((await other.current(database)).byName('a')).toMatchObject({ enabled: true })
    await disableHandler(database, id, now)
    expect((await other.current(database)).byName('a')).toMatchObject({ enabled: false })
    expect((await directory.current(database)).matching('x', 'events.NormalType')).toEqual([])
    await handlers.remove(database, 'a')
    expect(await names()).toEqual([])
  })

  test('reads the handlers again only after a change', async () => {
    await insert(database, 'a')
    const first = await directory.current(database)
    expect(await directory.current(database)).toBe(first)
    // A firing moves only its time, which no server keeps in memory.
    await database.kysely
      .updateTable('event_handler')
      .set({ next_fire_time: new Date(now) })
      .execute()
    expect(await directory.current(database)).toBe(first)
    await insert(database, 'b')
    expect(await directory.current(database)).not.toBe(first)
  })

  test('answers inside a transaction, and knows nothing of what was rolled back', async () => {
    await insert(database, 'a')
    expect(await database.transaction(runner => names(runner))).toEqual(['a'])
    const rolledBack = database.transaction(async runner => {
      await runner.kysely.deleteFrom('event_handler').execute()
      throw new Error('rolled back')
    })
    await expect(rolledBack).rejects.toThrow('rolled back')
    expect(await names()).toEqual(['a'])
    await insert(database, 'b')
    expect(await names()).toEqual(['a', 'b'])
  })
})
