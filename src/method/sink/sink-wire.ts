import { z } from 'zod'
import { invalidParams } from '../../errors.ts'
import { nameSchema } from '../../permission/name.ts'
import { resources } from '../../resource/kind/index.ts'
import type { Resource } from '../../resource/resource.ts'
import type { StoredSink } from '../../sink/sink.ts'
import type { StreamFormat } from '../../stream/format.ts'
import { credentialParam } from '../method.ts'
import { shownTargetSchema, showTarget, targetSchema } from './sink-target.ts'

const resourceName = z.enum(resources.map(resource => resource.name))
const format = z.enum(['row', 'envelope'])
const query = z.strictObject({ condition: z.array(z.unknown()).describe('All hold together') })
const batchSize = z.int().min(1).max(1000)

export const sinkDefaults = { batchSize: 100 } as const

/** The parameters of a creation, in the documented order; what is left out has a default. */
export function creationSchema(allow: readonly string[]) {
  return {
    token: credentialParam,
    name: nameSchema,
    resource: resourceName,
    query,
    target: targetSchema(allow),
    format: format.optional().describe('Absent: envelope where the resource has one, else row'),
    batch_size: batchSize.default(sinkDefaults.batchSize),
    after: z
      .int()
      .min(0)
      .optional()
      .describe('Begin behind this number; 0: with all that is kept; absent: now'),
  }
}

/** The same of a change; what is left out stays as it is. */
export function changeSchema(allow: readonly string[]) {
  return {
    token: credentialParam,
    name: nameSchema,
    query: query.optional(),
    target: targetSchema(allow).optional(),
    format: format.optional(),
    batch_size: batchSize.optional(),
  }
}

/** Declared: the schema let no other name through. */
export function resourceOf(name: string): Resource {
  const resource = resources.find(each => each.name === name)
  if (resource === undefined) throw invalidParams('resource', 'unknown resource')
  return resource
}

/** The format that is asked for. Throws RpcError -32602 where the resource has no envelope. */
export function chosenFormat({ envelope }: Resource, wanted: StreamFormat | undefined): StreamFormat {
  if (wanted === 'envelope' && envelope === undefined) {
    throw invalidParams('format', 'this resource has no envelope', 'no_envelope')
  }
  return wanted ?? (envelope === undefined ? 'row' : 'envelope')
}

/** What is shown of a sink; times in epoch milliseconds. */
export const shownSinkSchema = z
  .strictObject({
    id: z.int(),
    name: z.string(),
    resource: z.string(),
    query: z.strictObject({ condition: z.array(z.unknown()) }),
    target: shownTargetSchema,
    format,
    batch_size: z.int(),
    state: z.enum(['running', 'paused', 'failed']),
    created_time: z.int(),
    updated_time: z.int(),
  })
  .meta({ title: 'sink' })

export function showSink(sink: StoredSink) {
  return {
    id: sink.id,
    name: sink.name,
    resource: sink.resource,
    query: { condition: sink.condition },
    target: showTarget(sink.target),
    format: sink.format,
    batch_size: sink.batchSize,
    state: sink.state,
    created_time: sink.createdTime,
    updated_time: sink.updatedTime,
  }
}
