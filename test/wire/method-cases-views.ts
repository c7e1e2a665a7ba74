import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { badQueries, type MethodCase, type Params } from './method-case.ts'
import type { Wire } from './support/wire.ts'

const count = expect.any(Number)

const plain = {
  resource: 'service-event',
  query: { condition: [{ service_id: 'nobody' }] },
  layout: { columns: ['service_id'] },
  shared: false,
}

async function newView(wire: Wire): Promise<{ readonly name: string }> {
  const name = `case_${randomUUID()}`
  await wire.result('view_create', { name, ...plain })
  return { name }
}

const view = {
  ...plain,
  id: count,
  name: expect.stringMatching(/^case_/),
  owner: expect.any(String),
  created_time: count,
  updated_time: count,
}

const noName: MethodCase['malformed'] = [
  [{ name: undefined }, 'name'],
  [{ name: 'case_*' }, 'name'],
  [{ name: 'case_nobody' }, 'name', 105],
  [{ owner: 'nobody' }, 'name', 105],
  [{ owner: 1 }, 'owner'],
]

const badDefinition: MethodCase['malformed'] = [
  [{ query: { condition: ['last'] } }, 'query.condition[0]'],
  [{ query: { condition: [{ limit: 1 }] } }, 'query.condition[0]'],
  [{ query: { condition: [{ service_id_in: Array(1000).fill('x'.repeat(65)) }] } }, 'query.condition'],
  [{ query: { condition: [{ nope: 1 }] } }, 'query.condition[0].nope'],
  [{ query: { condition: [{ not: { view: 'case_nobody' } }] } }, 'query.condition[0].not.view', 105],
  [{ query: { condition: [{ view: 1 }] } }, 'query.condition[0].view'],
  [{ layout: [] }, 'layout'],
  [{ layout: { long: 'x'.repeat(16_384) } }, 'layout'],
  [{ shared: 1 }, 'shared'],
]

function viewCase(
  verb: string,
  access: MethodCase['access'],
  params: (wire: Wire) => Promise<Params> | Params,
  rest: Pick<MethodCase, 'result' | 'malformed'>,
): MethodCase {
  return { method: `view_${verb}`, access, params, ...rest }
}

/** Conditions under a name. */
export const viewCases: readonly MethodCase[] = [
  viewCase('create', 'own', () => ({ name: `case_${randomUUID()}`, ...plain }), {
    result: view,
    malformed: [
      ...badQueries,
      [{ name: undefined }, 'name'],
      [{ name: 'a*' }, 'name'],
      [{ resource: 'nope' }, 'resource'],
      ...badDefinition,
    ],
  }),
  viewCase('read', 'owner', newView, { result: { ...view, is_own: true }, malformed: noName }),
  viewCase('list', 'own', () => ({}), {
    result: { views: expect.any(Array) },
    malformed: [[{ resource: 'nope' }, 'resource']],
  }),
  viewCase('update', 'owner', newView, {
    result: view,
    malformed: [...noName, ...badDefinition, [{ resource: 'js-result' }, 'resource']],
  }),
  viewCase('delete', 'owner', newView, { result: { success: true }, malformed: noName }),
]
