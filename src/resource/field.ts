import type { FieldKind } from '../condition/field.ts'
import type { GivenRow, ResourceField } from './resource.ts'

type More = Omit<ResourceField, 'name' | 'kind' | 'append' | 'summary'>
type None = Record<never, never>

/** A field whose value the database makes. */
export function generated<const N extends string, const K extends FieldKind, const M extends More = None>(
  name: N,
  kind: K,
  summary: string,
  more?: M,
) {
  return Object.assign({ name, kind, append: 'generated', summary } as const, more)
}

/** A field that a client has to give. */
export function required<const N extends string, const K extends FieldKind, const M extends More = None>(
  name: N,
  kind: K,
  summary: string,
  more?: M,
) {
  return Object.assign({ name, kind, append: 'required', summary } as const, more)
}

/** A field that a client may leave out: it gets its `initial` value. */
export function optional<const N extends string, const K extends FieldKind, const M extends More = None>(
  name: N,
  kind: K,
  summary: string,
  more?: M,
) {
  return Object.assign({ name, kind, append: 'optional', summary } as const, more)
}

/** A field that a client may leave out or give as null. */
export function nullable<const N extends string, const K extends FieldKind, const M extends More = None>(
  name: N,
  kind: K,
  summary: string,
  more?: M,
) {
  return Object.assign({ name, kind, append: 'optional', summary, nullable: true } as const, more)
}

/** An initial value: the time of the append. */
export const appendTime = (_given: GivenRow, now: number): number => now
