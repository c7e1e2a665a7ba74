import type { Kit, Libraries } from './library/kit.ts'

/** The one way out of a script's context; what comes back is a text, an ArrayBuffer or a function of the prelude's own. */
type Host = Kit['host']

interface Call {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/**
 * Runs inside the script's own context, before the script: its source text is evaluated there, so it may use nothing
 * from outside itself. It takes every intrinsic it needs first, because the script can replace them all; for the
 * same reason it spreads no arrays, calls no methods of prototypes, and keeps its tables in objects without one.
 * What few runs use comes from libraries, which are evaluated when a script first asks for them.
 */
export function prelude(host: Host, maxResultLength: number, maxTextLength: number) {
  const { parse, stringify } = JSON
  const { apply } = Reflect
  const { create, hasOwn, keys, defineProperty } = Object
  const { isArray } = Array
  const NativePromise = Promise
  const NativeError = Error
  const NativeString = String
  const { slice } = String.prototype

  const calls: Record<number, Call> = create(null)
  const libraries: Partial<Libraries> = create(null)
  const scope = globalThis as unknown as Record<string, unknown>
  let lastId = 0
  let given: { params: unknown; env: unknown; ctx: unknown } | undefined

  function argumentText(args: readonly unknown[]): string {
    let text = ''
    for (let i = 0; i < args.length; i++) text += `${i === 0 ? '' : ','}${stringify(args[i]) ?? 'null'}`
    return `[${text}]`
  }

  function request(name: string, args: readonly unknown[], onId?: (id: number) => void): Promise<unknown> {
    return new NativePromise((resolve, reject) => {
      const text = argumentText(args)
      const id = ++lastId
      host('call', id, name, text)
      calls[id] = { resolve, reject }
      onId?.(id)
    })
  }

  function answer(id: number, ok: boolean, text: string): void {
    const call = calls[id]
    delete calls[id]
    if (call === undefined) return
    if (ok) {
      call.resolve(parse(text))
      return
    }
    const fault = parse(text)
    const error = new NativeError(fault.message) as Error & { code?: unknown; data?: unknown }
    if (hasOwn(fault, 'code')) error.code = fault.code
    if (hasOwn(fault, 'data')) error.data = fault.data
    call.reject(error)
  }

  function native(name: string, args: readonly unknown[], ...buffers: ArrayBuffer[]): unknown {
    const given: Parameters<Host> = ['native', name, stringify(args)]
    for (let i = 0; i < buffers.length; i++) given[i + 3] = buffers[i] as ArrayBuffer
    const answer = apply(host, undefined, given)
    if (typeof answer !== 'string') return answer
    const { value, error } = parse(answer)
    if (error !== undefined) throw library('abort').errorOf(error)
    return value
  }

  const kit: Kit = { host, native, library, request, display, fail, maxTextLength }

  function library<K extends keyof Libraries>(name: K): Libraries[K] {
    const made = (libraries[name] ??
      (host('library', name) as (kit: Kit) => Libraries[K])(kit)) as Libraries[K]
    libraries[name] = made
    return made
  }

  function display(value: unknown): string {
    try {
      if (typeof value === 'string') return value
      if ((typeof value !== 'object' && typeof value !== 'function') || value === null)
        return NativeString(value)
      return library('inspect').inspect(value, maxTextLength)
    } catch {
      return '[unprintable]'
    }
  }

  function textOf(error: object, member: 'name' | 'message' | 'stack'): string {
    const value = (error as Record<string, unknown>)[member]
    return typeof value === 'string' ? apply(slice, value, [0, maxTextLength]) : ''
  }

  /** The JSON text of what is worth knowing of anything that was thrown. */
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

  function holdsMore(error: object): boolean {
    return keys(error).length > 0 || hasOwn(error, 'cause') || hasOwn(error, 'errors')
  }

  /** A member of the global object that is made by a library when a script first reads it. */
  function lazy<K extends keyof Libraries>(
    library_: K,
    names: readonly (keyof Libraries[K] & string)[],
  ): void {
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as keyof Libraries[K] & string
      const define = (value: unknown) =>
        defineProperty(scope, name, { value, writable: true, enumerable: false, configurable: true })
      defineProperty(scope, name, {
        get: () => {
          const value = library(library_)[name]
          define(value)
          return value
        },
        set: define,
        enumerable: false,
        configurable: true,
      })
    }
  }

  lazy('abort', ['DOMException', 'AbortController', 'AbortSignal'])
  lazy('clone', ['structuredClone'])
  lazy('console', ['console'])
  lazy('crypto', ['crypto', 'CryptoKey'])
  lazy('encoding', ['TextEncoder', 'TextDecoder', 'atob', 'btoa'])
  lazy('fetch', ['fetch'])
  lazy('http', ['Headers', 'Request', 'Response'])
  lazy('intl', ['Intl'])
  lazy('nodeget', ['nodeget', 'nodegetLog', 'inlineCall', 'randomUUID'])
  lazy('timers', ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'queueMicrotask'])
  lazy('url', ['URL', 'URLSearchParams', 'FormData'])

  /** Methods that the engine has, and that know neither locales nor time zones. */
  function localize(prototype: object, methods: readonly string[]): void {
    for (let i = 0; i < methods.length; i++) {
      const method = methods[i] as string
      const value = function (this: unknown, first?: unknown, second?: unknown, third?: unknown) {
        return library('intl').methods[method]?.(this, first, second, third)
      }
      defineProperty(prototype, method, { value, writable: true, enumerable: false, configurable: true })
    }
  }

  localize(Date.prototype, ['toLocaleString', 'toLocaleDateString', 'toLocaleTimeString'])
  localize(String.prototype, ['localeCompare', 'toLocaleUpperCase', 'toLocaleLowerCase'])
  localize(Number.prototype, ['toLocaleString'])
  localize(BigInt.prototype, ['toLocaleString'])
  localize(Array.prototype, ['toLocaleString'])
  localize(Reflect.getPrototypeOf(Uint8Array.prototype) as object, ['toLocaleString'])

  /** Reads what the host gave, while nothing of the script has run yet. */
  function prepare(params: string, env: string, context: string): void {
    const ctx = {
      ...parse(context),
      send: (...args: unknown[]) => request('send', args),
      call: (...args: unknown[]) => request('call', args),
      inlineCall: (...args: unknown[]) => request('inlineCall', args),
    }
    given = { params: parse(params), env: parse(env), ctx }
  }

  function fail(error: unknown): void {
    // A script that filled its heap leaves no room to describe that.
    host('relieve')
    host('failed', describe(error))
  }

  function inputOf(entry: string): unknown {
    const params = given?.params
    const isRequest = entry === 'onRoute' && typeof params === 'object' && params !== null && !isArray(params)
    return isRequest ? library('http').routeRequest(params as Record<string, unknown>) : params
  }

  async function start(loaded: unknown, entry: string, settled: boolean): Promise<void> {
    try {
      const { module } = (settled ? loaded : await loaded) as {
        module: { default?: Record<string, unknown> }
      }
      const handlers = module.default
      const handler = handlers?.[entry]
      if (typeof handler !== 'function') {
        host('missing')
        return
      }
      const value = await apply(handler, handlers, [inputOf(entry), given?.env, given?.ctx])
      const text = stringify(libraries.http?.answerOf(value) ?? value) ?? 'null'
      if (text.length > maxResultLength) host('too_large')
      else host('returned', text)
    } catch (error) {
      fail(error)
    }
  }

  function fire(id: number): void {
    libraries.timers?.fire(id)
  }

  return { prepare, start, answer, fire, describe }
}
