import type { FieldKind } from '../condition/language.ts'
import type { GivenRow, ResourceField } from './resource.ts'

type More = Omit<ResourceField, 'name' | 'kind' | 'append' | 'summary'>

/** Makes fields that have something in common. */
function fieldsWith<const Common extends Pick<ResourceField, 'append' | 'nullable'>>(common: Common) {
  return <const N extends string, const K extends FieldKind, const M extends More = Record<never, never>>(
    name: N,
    kind: K,
    summary: string,
    more?: M,
  ) => Object.assign({ name, kind, summary } as const, common, more)
}

/** A field whose value the database makes. */
export const generated = fieldsWith({ append: 'generated' })

/** A field that a client has to give. */
export const required = fieldsWith({ append: 'required' })

/** A field that a client may leave out: it gets its `initial` value. */
export const optional = fieldsWith({ append: 'optional' })

/** A field that a client may leave out or give as null. */
export const nullable = fieldsWith({ append: 'optional', nullable: true })

/** An initial value: the time of the append. */
export const appendTime = (_given: GivenRow, now: number): number => now
