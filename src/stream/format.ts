import { z } from 'zod'
import { envelopeSchema } from '../resource/change-event/envelope.ts'
import type { Resource } from '../resource/resource.ts'
import { rowSchema } from '../resource/row.ts'
import type { Change } from './change-log.ts'
import type { Place, StreamEnd } from './subscription.ts'

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

const cursor = z.string().describe('For `after`: what comes behind it')
const number = z.int().describe('1, 2, 3 … of what this subscription was sent')

/** What a subscription to the resource pushes, one kind after the other. */
export function pushedSchema(resource: Resource): z.ZodType {
  const row = z.strictObject({ type: z.literal('row'), number, cursor, row: rowSchema(resource) })
  const envelope = z.strictObject({ type: z.literal('envelope'), number, cursor, envelope: envelopeSchema })
  return z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('start'), cursor }),
    row,
    ...(resource.envelope === undefined ? [] : [envelope]),
    z.strictObject({ type: z.literal('heartbeat'), cursor }),
    z.strictObject({ type: z.literal('end'), reason: z.string(), cursor }),
  ])
}

/** What comes before the JSON text of a change as it is pushed; behind it comes `}`. */
export function pushedBegin(format: StreamFormat, { number, cursor }: Place): string {
  return `{"type":"${format}","number":${number},"cursor":"${cursor}","${format}":`
}

/** Encodes changes of the resource as UTF-8, each once for all its recipients. */
export function createChangeBytes(resource: Resource): (format: StreamFormat, change: Change) => Buffer {
  const written = { row: new WeakMap<Change, Buffer>(), envelope: new WeakMap<Change, Buffer>() }
  return (format, change) => {
    const known = written[format].get(change)
    if (known !== undefined) return known
    const bytes = Buffer.from(changeText(resource, format, change))
    written[format].set(change, bytes)
    return bytes
  }
}

/** The JSON text of pushed messages other than changes. */
export function pushedNote(note: PushedNote): string {
  return JSON.stringify(note)
}

export type PushedNote =
  | { readonly type: 'start' | 'heartbeat'; readonly cursor: string }
  | ({ readonly type: 'end' } & StreamEnd)
