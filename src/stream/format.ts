import { z } from 'zod'
import type { Resource } from '../resource/resource.ts'
import type { Change } from './change-log.ts'

/** How a change is written: as the wire row, or in the envelope that its resource has. */
export type StreamFormat = 'row' | 'envelope'

/** The formats of a resource; absent: `row`. */
export function formatSchema(
  resource: Resource,
): z.ZodDefault<z.ZodEnum<{ row: 'row'; envelope: 'envelope' }>> {
  const formats = resource.envelope === undefined ? ['row'] : ['row', 'envelope']
  const schema = z.enum(formats).default('row').describe('How each change is written')
  return schema as unknown as ReturnType<typeof formatSchema>
}

/** JSON text. */
export function changeText(
  { envelope }: Resource,
  format: StreamFormat,
  { text }: Pick<Change, 'text'>,
): string {
  return format === 'envelope' && envelope !== undefined ? envelope(text) : text
}
