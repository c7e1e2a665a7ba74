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
