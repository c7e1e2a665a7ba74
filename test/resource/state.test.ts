import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { changeEvent } from '../../src/resource/kind/change-event.ts'
import { resources } from '../../src/resource/kind/index.ts'
import { jsResult } from '../../src/resource/kind/js-result.ts'
import { defineResource } from '../../src/resource/resource.ts'
import { durationOf, stateOf, states, statesOf } from '../../src/resource/state.ts'
import { describeEngines } from '../support/databases.ts'
import { createCaller } from './caller.ts'
import { randomRows } from './random-row.ts'
import { recordAll } from './record-rows.ts'
import { matches } from './reference.ts'

describeEngines('the state of a record', open => {
  test.each(resources)('of $name is what its words say', async resource => {
    const database = await open()
    const rows = randomRows(resource, 300)
    const { key } = resource.ordering
    const ids = await recordAll({ database, call: createCaller(database), resource }, rows)
    const found = await sql<{ key: string; state: unknown; duration: unknown }>`select ${sql.ref(key)} as key,
      ${stateOf(resource)} as state, ${durationOf(resource) ?? sql`null`} as duration
      from ${sql.table(resource.table)}`.execute(database.kysely)
    const byKey = new Map(found.rows.map(row => [Number(row.key), row]))
    const words = states.filter(state => resource.language.words.has(`is_${state}`))
    for (const [i, row] of rows.entries()) {
      const id = ids[i] ?? 0
      const held = byKey.get(id)
      expect(held?.state).toBe(words.find(state => matches({ [key]: id, ...row }, `is_${state}`)) ?? null)
      const { start_time: start, finish_time: finish } = row
      const ended = typeof start === 'number' && typeof finish === 'number'
      expect(held?.duration === null ? null : Number(held?.duration)).toBe(ended ? finish - start : null)
    }
  })
})

test('a resource has the states of which it has the words', () => {
  expect(statesOf(jsResult).map(([state]) => state)).toEqual(['success', 'failure', 'running'])
  expect(statesOf(changeEvent).map(([state]) => state)).toEqual(['failure'])
})

test('a word of a state with a bound value is refused', () => {
  const { name, summary, table, fields, nameField, scope, permission } = jsResult
  const words = [
    { name: 'is_failure', summary: '', predicate: { type: 'equal', column: 'run_type', value: 'x' } },
  ] as const
  const options = { name, summary, table, fields, nameField, scope, permission, words }
  expect(() => statesOf(defineResource({ ...options, newestBy: 'start_time' }))).toThrow(TypeError)
})
