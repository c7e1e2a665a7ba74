import { invalidParams } from '../../errors.ts'
import type { FoundRoute } from './route.ts'

/**
 * The parameters of a path and of a query, decoded. Throws RpcError -32602 for what is no percent-encoded UTF-8, and for
 * a parameter that is given twice: which of them is meant nobody can know.
 */
export function restParams({ params }: FoundRoute, url: string): Readonly<Record<string, string>> {
  const inPath = [...params].map(([name, text]): [string, string] => [name, decode(text, name)])
  const inQuery = queryOf(url)
  const seen = new Set(params.keys())
  for (const [name] of inQuery) {
    if (seen.has(name)) throw invalidParams(name, 'given more than once', 'repeated_parameter')
    seen.add(name)
  }
  return Object.fromEntries([...inPath, ...inQuery])
}

/** As forms write it: `+` is a space. */
function queryOf(url: string): readonly [string, string][] {
  const text = /\?([^#]*)/.exec(url)?.[1] ?? ''
  const parts = text.split('&').filter(part => part !== '')
  return parts.map(part => {
    const at = part.indexOf('=')
    const [name, value] = at === -1 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)]
    const known = decode(name.replaceAll('+', ' '), 'query')
    return [known, decode(value.replaceAll('+', ' '), known)]
  })
}

function decode(text: string, path: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalidParams(path, 'is no percent-encoded UTF-8', 'bad_encoding')
  }
}
