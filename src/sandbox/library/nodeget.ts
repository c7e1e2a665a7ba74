import type { consoleLibrary } from './console.ts'
import type { Kit } from './kit.ts'

/** The globals of scripts that were written for NodeGet. */
export function nodegetLibrary(kit: Kit<{ console: typeof consoleLibrary }>) {
  const randomUUID = () => kit.native('uuid', []) as string

  interface Asked {
    readonly method?: unknown
    readonly params?: unknown
    readonly id?: unknown
  }

  /** `nodeget(request)` with a text or an object, or `nodeget(method, params, id)`: resolves to the whole response. */
  async function nodeget(first: unknown, params?: unknown, id?: unknown) {
    const { method, params: given, id: own } = askedBy(first, params, id)
    const response = { jsonrpc: '2.0', id: own ?? null }
    try {
      return { ...response, result: await kit.request('nodeget', [method, given]) }
    } catch (thrown) {
      const { code, message, data } = thrown as { code?: unknown; message?: unknown; data?: unknown }
      if (typeof code !== 'number') throw thrown
      return { ...response, error: { code, message, data } }
    }
  }

  function askedBy(first: unknown, params: unknown, id: unknown): Asked {
    const isText = typeof first === 'string'
    if (isText && first.trimStart().startsWith('{')) return JSON.parse(first) as Asked
    if (typeof first === 'object' && first !== null) return first
    return { method: first, params, id: id ?? randomUUID() }
  }

  const log = (level: string) => (namespace: unknown, message: unknown) =>
    kit.library('console').print(level, ['%s', `${String(namespace || 'default')}: ${String(message)}`])

  const nodegetLog = {
    trace: log('debug'),
    debug: log('debug'),
    info: log('info'),
    log: log('info'),
    warn: log('warn'),
    error: log('error'),
  }

  return {
    nodeget,
    nodegetLog,
    inlineCall: (...args: unknown[]) => kit.request('inlineCall', args),
    randomUUID,
  }
}
