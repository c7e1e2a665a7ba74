/** The one way out of a script's context; every argument is a string or a number. */
type Host = (operation: string, ...args: (string | number)[]) => void

interface Call {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

interface Timer {
  readonly callback: (...args: unknown[]) => unknown
  readonly args: unknown[]
}

interface FetchOptions {
  readonly method?: unknown
  readonly headers?: unknown
  readonly body?: unknown
}

/**
 * Runs inside the script's own context, before the script: its source text is evaluated there, so it may use nothing
 * from outside itself. It takes every intrinsic it needs first, because the script can replace them all; for the
 * same reason it spreads no arrays, calls no methods of prototypes, and keeps its tables in objects without one.
 */
export function prelude(host: Host, maxResultLength: number, maxTextLength: number) {
  const { parse, stringify } = JSON
  const { apply } = Reflect
  const { create, hasOwn, keys } = Object
  const NativePromise = Promise
  const NativeError = Error
  const NativeTypeError = TypeError
  const NativeString = String
  const NativeNumber = Number
  const { slice, toLowerCase } = String.prototype

  const calls: Record<number, Call> = create(null)
  const timers: Record<number, Timer> = create(null)
  let lastId = 0
  let given: { params: unknown; env: unknown; ctx: unknown } | undefined

  function argumentText(args: unknown[]): string {
    let text = ''
    for (let i = 0; i < args.length; i++) text += `${i === 0 ? '' : ','}${stringify(args[i]) ?? 'null'}`
    return `[${text}]`
  }

  function request(name: string, args: unknown[]): Promise<unknown> {
    return new NativePromise((resolve, reject) => {
      const text = argumentText(args)
      const id = ++lastId
      host('call', id, name, text)
      calls[id] = { resolve, reject }
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

  function display(value: unknown): string {
    try {
      if (typeof value === 'string') return value
      if (typeof value !== 'object' || value === null) return NativeString(value)
      if (value instanceof NativeError) return `${value.name}: ${value.message}`
      return stringify(value) ?? NativeString(value)
    } catch {
      return '[unprintable]'
    }
  }

  function print(level: string, args: unknown[]): void {
    let text = ''
    for (let i = 0; i < args.length && text.length <= maxTextLength; i++) {
      text += (i === 0 ? '' : ' ') + display(args[i])
    }
    // Cut before it is copied out: one character over the limit is enough to end the run.
    host('console', level, stringify(apply(slice, text, [0, maxTextLength + 1])))
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
    try {
      if (typeof error === 'object' && error !== null) {
        name = textOf(error, 'name')
        message = textOf(error, 'message')
        stack = textOf(error, 'stack')
      }
      if (name === '' && message === '') message = apply(slice, display(error), [0, maxTextLength])
    } catch {
      message = 'threw an error that cannot be read'
    }
    const empty = error === null || error === undefined
    return `{"name":${stringify(name)},"message":${stringify(message)},"stack":${stringify(stack)},"empty":${empty}}`
  }

  function responseOf(answer: { status: number; headers: Record<string, string>; body: string }) {
    const { status, body } = answer
    const values: Record<string, string> = create(null)
    const names = keys(answer.headers)
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string
      values[apply(toLowerCase, name, [])] = answer.headers[name] as string
    }
    const lower = (name: unknown) => apply(toLowerCase, NativeString(name), [])
    return {
      ok: status >= 200 && status <= 299,
      status,
      headers: {
        get: (name: unknown) => values[lower(name)] ?? null,
        has: (name: unknown) => values[lower(name)] !== undefined,
      },
      text: async () => body,
      json: async () => parse(body),
    }
  }

  const scope = globalThis as unknown as Record<string, unknown>

  scope.console = {
    log: (...args: unknown[]) => print('log', args),
    info: (...args: unknown[]) => print('info', args),
    warn: (...args: unknown[]) => print('warn', args),
    error: (...args: unknown[]) => print('error', args),
    debug: (...args: unknown[]) => print('debug', args),
  }

  scope.fetch = async (url: unknown, options?: FetchOptions) => {
    const { method, headers, body } = options ?? {}
    const answer = await request('fetch', [NativeString(url), { method, headers, body }])
    return responseOf(answer as { status: number; headers: Record<string, string>; body: string })
  }

  scope.setTimeout = (callback: unknown, delay?: unknown, ...args: unknown[]) => {
    if (typeof callback !== 'function') throw new NativeTypeError('setTimeout needs a function')
    const ms = NativeNumber(delay ?? 0)
    const id = ++lastId
    host('timer', id, ms)
    timers[id] = { callback: callback as Timer['callback'], args }
    return id
  }

  scope.clearTimeout = (id: unknown) => {
    if (typeof id !== 'number' || timers[id] === undefined) return
    delete timers[id]
    host('clear', id)
  }

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

  async function start(loaded: unknown, entry: string, settled: boolean): Promise<void> {
    try {
      // A namespace is never awaited itself: a module may export a function named `then`.
      const { default: handlers } = (settled ? loaded : await loaded) as { default?: Record<string, unknown> }
      const handler = handlers?.[entry]
      if (typeof handler !== 'function') {
        host('missing')
        return
      }
      const value = await apply(handler, handlers, [given?.params, given?.env, given?.ctx])
      const text = stringify(value) ?? 'null'
      if (text.length > maxResultLength) host('too_large')
      else host('returned', text)
    } catch (error) {
      fail(error)
    }
  }

  function fire(id: number): void {
    const timer = timers[id]
    delete timers[id]
    if (timer === undefined) return
    try {
      apply(timer.callback, undefined, timer.args)
    } catch (error) {
      fail(error)
    }
  }

  return { prepare, start, answer, fire, describe }
}
