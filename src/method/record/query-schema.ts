import { z } from 'zod'
import { conditionSchema } from '../../condition/condition-schema.ts'
import type { Resource } from '../../resource/resource.ts'

/**
 * `{condition: […]}` of one resource. It only describes the elements: the records read them, and know the path of a fault.
 * `allowAll`: whether `all` means something.
 */
export function querySchema(
  resource: Resource,
  allowAll = false,
): z.ZodObject<{ condition: z.ZodArray<z.ZodUnknown> }> {
  const condition = z.unknown().meta(conditionSchema(resource.language, allowAll))
  return z
    .strictObject({ condition: z.array(condition).describe('All hold together') })
    .meta({ title: `${resource.name} ${allowAll ? 'delete query' : 'query'}` })
}
