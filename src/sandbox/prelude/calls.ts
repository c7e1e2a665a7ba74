import type { Kit } from '../library/kit.ts'

/** A part of the prelude: the calls of the host that wait for their answers. */
export function callPart(host: Kit['host']) {
  interface Call {
    readonly resolve: (value: unknown) => void
    readonly reject: (error: unknown) => void
  }
  const { parse, stringify } = JSON
  const { create, hasOwn } = Object
  const NativePromise = Promise
  const NativeError = Error
  const calls: Record<number, Call> = create(null)
  let lastId = 0

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

  return { request, answer }
}
