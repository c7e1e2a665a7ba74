import { hash } from 'node:crypto'

/** As Kubernetes names events: that of the object they are about, a point and hexadecimal digits. */
const named = /^(.+)\.[0-9a-f]+$/

/** The name of the object that an event of this name is about; the whole name when it has no such end. */
export function objectNameOf(name: string): string {
  return named.exec(name)?.[1] ?? name
}

/** Characters by which a made name is longer than that of its object. */
export const suffixLength = 17

/** A name for an event of the object: the same for the same `members`, so that the same event has one name. */
export function makeEventName(objectName: string, members: readonly (string | null)[]): string {
  return `${objectName}.${hash('sha256', JSON.stringify([objectName, ...members])).slice(0, suffixLength - 1)}`
}
