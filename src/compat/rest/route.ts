import { invalidParams } from '../../errors.ts'
import type { Method } from '../../method/method.ts'
import type { RestErrors } from './errors.ts'

/** A path of another system's REST surface. The server answers it through `get` and `post`. */
export interface RestRoute {
  /** `/v1/{project_id}/services/{service_id}/events`: what stands in braces becomes parameters of both methods. */
  readonly path: string
  readonly errors: RestErrors
  /** Its parameters are those of the path and of the query, as texts. */
  readonly get: Method
  /** Its parameters are those of the path, and `body`: the parsed JSON. */
  readonly post: Method
}

/** A path as it was requested, its parameters still encoded. */
export interface FoundRoute {
  readonly route: RestRoute
  readonly params: ReadonlyMap<string, string>
}

/** Finds the route of a request's URL, or undefined. */
export type FindRoute = (url: string) => FoundRoute | undefined

/**
 * Finds the surface that an unknown URL would belong to: of the routes whose part before the first parameter it begins with,
 * the one where that part is the longest.
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
 * The decoded parameters of a path and of a query. Throws RpcError -32602 for anything but percent-encoded UTF-8, and for a
 * parameter that appears twice: either value could be the one that was meant.
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

/** In the encoding of forms: `+` is a space. */
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
    throw invalidParams(path, 'is not percent-encoded UTF-8', 'bad_encoding')
  }
}
