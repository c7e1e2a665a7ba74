import type { Kit } from '../library/kit.ts'
import type { Libraries } from '../library/sources.ts'

/** A part of the prelude: what libraries add to the global object and to prototypes. */
export function globalPart({ library }: Kit<Libraries>): void {
  const { defineProperty } = Object
  const hidden = { enumerable: false, configurable: true }

  /** A member of the global object that is made by a library when a script first reads it. */
  function lazy<K extends keyof Libraries>(
    made: K,
    names: readonly (keyof ReturnType<Libraries[K]> & string)[],
  ): void {
    for (const name of names) {
      const define = (value: unknown) =>
        defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true })
      const get = () => {
        const value = library(made)[name]
        define(value)
        return value
      }
      defineProperty(globalThis, name, { get, set: define, ...hidden })
    }
  }

  lazy('abort', ['AbortController', 'AbortSignal'])
  lazy('clone', ['structuredClone'])
  lazy('console', ['console'])
  lazy('crypto', ['crypto', 'CryptoKey'])
  lazy('encoding', ['TextEncoder', 'TextDecoder', 'atob', 'btoa'])
  lazy('exception', ['DOMException'])
  lazy('fetch', ['fetch'])
  lazy('headers', ['Headers'])
  lazy('intl', ['Intl'])
  lazy('nodeget', ['nodeget', 'nodegetLog', 'inlineCall', 'randomUUID'])
  lazy('pairs', ['URLSearchParams', 'FormData'])
  lazy('request', ['Request'])
  lazy('response', ['Response'])
  lazy('timers', ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'queueMicrotask'])
  lazy('url', ['URL'])

  /** Methods that QuickJS has, and that know neither locales nor time zones. */
  function localize(prototype: object, methods: readonly string[]): void {
    for (const method of methods) {
      const value = function (this: unknown, first?: unknown, second?: unknown, third?: unknown) {
        return library('locale')[method]?.(this, first, second, third)
      }
      defineProperty(prototype, method, { value, writable: true, ...hidden })
    }
  }

  localize(Date.prototype, ['toLocaleString', 'toLocaleDateString', 'toLocaleTimeString'])
  localize(String.prototype, ['localeCompare', 'toLocaleUpperCase', 'toLocaleLowerCase'])
  localize(Number.prototype, ['toLocaleString'])
  localize(BigInt.prototype, ['toLocaleString'])
  localize(Array.prototype, ['toLocaleString'])
  localize(Reflect.getPrototypeOf(Uint8Array.prototype) as object, ['toLocaleString'])
}
