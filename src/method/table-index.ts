import { z } from 'zod'
import { within } from '../async/within.ts'
import type { Actor } from '../audit/entry.ts'
import { writeDeed } from '../audit/write.ts'
import { requireSuper } from '../permission/grant.ts'
import { addIndex, listIndexes, removeIndex } from '../resource/added-index.ts'
import { resourceNamed, resources } from '../resource/kind/index.ts'
import type { RecordService } from '../resource/records.ts'
import type { Resource } from '../resource/resource.ts'
import { actorOf, credentialParam, defineMethod } from './method.ts'

/** A call is answered by then; the index is made all the same. */
const patienceMs = 20_000

const resourceParam = z.enum(resources.map(({ name }) => name)).describe('Of which kind of record')
const fieldParam = z.string().describe('A field of its records, or duration')

const indexSchema = z
  .strictObject({
    resource: z.string(),
    name: z.string(),
    field: z
      .string()
      .nullable()
      .describe('The field it was added for; null: every installation has this index'),
    state: z
      .enum(['ready', 'building', 'invalid'])
      .describe('invalid: its build was interrupted; index_add repairs it'),
    definition: z.string(),
    bytes: z.int(),
    scans: z.int().describe('How often statements have used it'),
  })
  .meta({ title: 'index' })

/** All `index_*` methods. What an index costs every write is the operator's to decide. */
export function indexMethods({ database, clock }: RecordService) {
  /** Before it begins: no transaction can hold both. */
  const told = (by: Actor, resource: string, target: string): Promise<void> =>
    writeDeed(database, { by, resource, target }, clock())

  const add = defineMethod({
    name: 'index_add',
    isAudited: true,
    summary:
      'Adds an index for conditions on a field, while records are written; after 20 s it answers and the build continues',
    params: { token: credentialParam, resource: resourceParam, field: fieldParam },
    result: z.strictObject({ state: z.enum(['ready', 'building']) }),
    async handle(call) {
      const { resource, field } = call.params
      requireSuper(call.caller)
      const begin = () => told(actorOf('index_add', call), resource, field)
      const adding = addIndex(database, knownResource(resource), field, begin).then(() => 'ready' as const)
      // What fails after its answer is seen in the list: the index is invalid.
      return { state: (await within(patienceMs, adding)) ?? 'building' }
    },
  })

  const list = defineMethod({
    name: 'index_list',
    summary: 'Shows all indexes: how much room each takes, what it serves and how often it was used',
    params: { token: credentialParam, resource: resourceParam.optional() },
    result: z.strictObject({ indexes: z.array(indexSchema) }),
    async handle({ params: { resource }, caller }) {
      requireSuper(caller)
      const shown = resource === undefined ? resources : [knownResource(resource)]
      const indexes = []
      for (const each of shown) indexes.push(...(await listIndexes(database, each)))
      return { indexes }
    },
  })

  const remove = defineMethod({
    name: 'index_remove',
    isAudited: true,
    summary: 'Removes an index that was added',
    params: { token: credentialParam, resource: resourceParam, field: fieldParam },
    result: z.strictObject({ success: z.literal(true) }),
    async handle(call) {
      const { resource, field } = call.params
      requireSuper(call.caller)
      const begin = () => told(actorOf('index_remove', call), resource, field)
      await removeIndex(database, knownResource(resource), field, begin)
      return { success: true }
    },
  })

  return [add, list, remove]
}

function knownResource(name: string): Resource {
  const resource = resourceNamed(name)
  if (resource === undefined) throw new TypeError(`no resource ${name}`)
  return resource
}
