import { invalidParams } from '../../errors.ts'
import type { Method } from '../../method/method.ts'
import type { RestErrors } from './errors.ts'

/** A path of somebody else's REST surface; the server answers it through `get` and `post`. */
export interface RestRoute {
  /** `/v1/{project_id}/services/{service_id}/events`: what stands in braces becomes parameters of both methods. */
  readonly path: string
  readonly errors: RestErrors
  /** Beside the path's its parameters are the query's, as texts. */
  readonly get: Method
  /** Beside the path's it has one parameter, `body`: the parsed JSON. */
  readonly post: Method
}

/** A path as it was asked for: its parameters are encoded still. */
export interface FoundRoute {
  readonly route: RestRoute
  readonly params: ReadonlyMap<string, string>
}

/** Finds the route of a request's URL, or undefined. */
export type FindRoute = (url: string) => FoundRoute | undefined

/**
 * Finds whose surface a URL would belong to that is no path of it: of the routes that begin as it does up to their first
 * parameter, the one that says the most.
 */
export function createOwnerFinder(routes: readonly RestRoute[]): (url: string) => RestRoute | undefined {
  const begin = (route: RestRoute): string => route.path.split('{', 1)[0] ?? ''
  const owners = routes.toSorted((a, b) => begin(b).length - begin(a).length)
  return url => {
    const path = `${url.split(/[?#]/, 1)[0]}/`
    return owners.find(route => path.startsWith(begin(route)))
  }
}

const braces = /\{(\w+)\}/g

/** Compiles the paths of the routes once. */
export function createRouteFinder(routes: readonly RestRoute[]): FindRoute {
  const places = routes.map(route => ({
    route,
    names: [...route.path.matchAll(braces)].map(match => match[1] ?? ''),
    pattern: new RegExp(`^${route.path.replace(braces, '([^/?#]*)')}(?=[?#]|$)`),
  }))
  return url => {
    for (const { route, names, pattern } of places) {
      const match = pattern.exec(url)
      if (match !== null)
        return { route, params: new Map(names.map((name, i) => [name, match[i + 1] ?? ''])) }
    }
    return undefined
  }
}

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
