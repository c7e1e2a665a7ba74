import type { Kit } from '../library/kit.ts'
import type { Libraries } from '../library/sources.ts'

/** A part of the prelude: what is told of anything that was thrown. */
export function thrownPart({ display, library, maxTextLength }: Kit<Libraries>) {
  const { stringify } = JSON
  const { apply } = Reflect
  const { hasOwn, keys } = Object
  const { slice } = String.prototype

  /** JSON text of a `Thrown`. */
  function describe(error: unknown): string {
    let name = ''
    let message = ''
    let stack = ''
    let more = ''
    try {
      const isObject = typeof error === 'object' && error !== null
      if (isObject) {
        name = textOf(error, 'name')
        message = textOf(error, 'message')
        stack = textOf(error, 'stack')
      }
      if (name === '' && message === '') message = apply(slice, display(error), [0, maxTextLength])
      else if (isObject && holdsMore(error)) more = library('fault').more(error)
    } catch {
      if (message === '') message = 'threw an error that cannot be read'
    }
    const empty = error === null || error === undefined
    return `{"name":${stringify(name)},"message":${stringify(message)},"stack":${stringify(stack)},"empty":${empty}${more}}`
  }

  function textOf(error: object, member: 'name' | 'message' | 'stack'): string {
    const value = (error as Record<string, unknown>)[member]
    return typeof value === 'string' ? apply(slice, value, [0, maxTextLength]) : ''
  }

  function holdsMore(error: object): boolean {
    return keys(error).length > 0 || hasOwn(error, 'cause') || hasOwn(error, 'errors')
  }

  return { describe }
}
