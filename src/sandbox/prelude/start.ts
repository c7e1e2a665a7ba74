import type { Kit } from '../library/kit.ts'
import type { Libraries, Made } from '../library/sources.ts'

/** A part of the prelude: calls the entry point of the script. */
export function startPart(kit: Kit<Libraries>, made: Partial<Made>, maxResultLength: number) {
  const { host, request } = kit
  const { parse, stringify } = JSON
  const { apply } = Reflect
  const { isArray } = Array
  let given: { params: unknown; env: unknown; ctx: unknown } | undefined

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

  function inputOf(entry: string): unknown {
    const params = given?.params
    const isRequest = entry === 'onRoute' && typeof params === 'object' && params !== null && !isArray(params)
    return isRequest ? kit.library('request').routeRequest(params as Record<string, unknown>) : params
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
      const text = stringify(made.response?.answerOf(value) ?? value) ?? 'null'
      if (text.length > maxResultLength) host('too_large')
      else host('returned', text)
    } catch (error) {
      kit.fail(error)
    }
  }

  return { prepare, start }
}
