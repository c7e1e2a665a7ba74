import type { exceptionLibrary } from './exception.ts'
import type { Kit } from './kit.ts'

/** structuredClone. */
export function cloneLibrary(kit: Kit<{ exception: typeof exceptionLibrary }>) {
  const errors: readonly ErrorConstructor[] = [
    Error,
    EvalError,
    RangeError,
    ReferenceError,
    SyntaxError,
    TypeError,
    URIError,
  ]

  function refused(what: string): Error {
    const { DOMException } = kit.library('exception')
    return new DOMException(`${what} cannot be cloned`, 'DataCloneError')
  }

  function structuredClone(value: unknown, options?: { transfer?: readonly unknown[] }): unknown {
    if (options?.transfer?.length) throw refused('what is transferred')
    return clone(value, new Map())
  }

  function clone(value: unknown, seen: Map<unknown, unknown>): unknown {
    if (typeof value === 'function' || typeof value === 'symbol') throw refused(String(value))
    if (typeof value !== 'object' || value === null) return value
    if (seen.has(value)) return seen.get(value)
    const copy = emptyCopy(value, seen)
    seen.set(value, copy)
    if (value instanceof Map) {
      for (const [key, each] of [...value])
        (copy as Map<unknown, unknown>).set(clone(key, seen), clone(each, seen))
    } else if (value instanceof Set) {
      for (const each of [...value]) (copy as Set<unknown>).add(clone(each, seen))
    } else if (value instanceof Error) copyError(value, copy as Error, seen)
    else if (Array.isArray(value) || isPlain(copy)) {
      for (const key of Object.keys(value)) {
        const member = clone((value as Record<string, unknown>)[key], seen)
        Object.defineProperty(copy, key, {
          value: member,
          writable: true,
          enumerable: true,
          configurable: true,
        })
      }
    }
    return copy
  }

  function emptyCopy(value: object, seen: Map<unknown, unknown>): object {
    if (Array.isArray(value)) return new Array(value.length)
    if (value instanceof Date) return new Date(value.getTime())
    if (value instanceof RegExp) return new RegExp(value.source, value.flags)
    if (value instanceof Map) return new Map()
    if (value instanceof Set) return new Set()
    if (value instanceof ArrayBuffer) return value.slice(0)
    if (ArrayBuffer.isView(value)) return viewCopy(value, seen)
    if (value instanceof Error)
      return new (errors.find(each => each.name === value.name) ?? Error)(value.message)
    if (value instanceof Boolean || value instanceof Number || value instanceof String)
      return Object(value.valueOf())
    if (
      value instanceof Promise ||
      value instanceof WeakMap ||
      value instanceof WeakSet ||
      value instanceof WeakRef
    ) {
      throw refused(Object.prototype.toString.call(value))
    }
    return {}
  }

  function viewCopy(view: ArrayBufferView, seen: Map<unknown, unknown>): object {
    const buffer = clone(view.buffer, seen)
    const length = 'length' in view ? Number(view.length) : view.byteLength
    return Reflect.construct(view.constructor, [buffer, view.byteOffset, length])
  }

  function copyError(from: Error, to: Error, seen: Map<unknown, unknown>): void {
    Object.defineProperty(to, 'stack', { value: from.stack, writable: true, configurable: true })
    if (Object.hasOwn(from, 'cause')) {
      Object.defineProperty(to, 'cause', {
        value: clone(from.cause, seen),
        writable: true,
        configurable: true,
      })
    }
  }

  function isPlain(copy: object): boolean {
    return Object.getPrototypeOf(copy) === Object.prototype
  }

  return { structuredClone }
}
