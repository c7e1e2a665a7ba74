import { computed, signal } from '@preact/signals'
import { hrefOf, type Place, readPlace } from './model/place.ts'

const hash = signal(location.hash)

/** Where the user is. It is all in the address, so that a view can be sent to somebody and come back to. */
export const place = computed<Place>(() => readPlace(hash.value))

/** Goes somewhere; `replace`: the place before is not to be come back to. */
export function go(to: Place, { replace = false }: { replace?: boolean } = {}): void {
  const href = hrefOf(to)
  if (href === (location.hash || '#/')) return
  if (replace) history.replaceState(null, '', href)
  else history.pushState(null, '', href)
  hash.value = location.hash
}

/** Changes parameters of the place; undefined takes one away. */
export function setParams(
  changes: Readonly<Record<string, string | undefined>>,
  options?: { replace?: boolean },
): void {
  const { path, params } = place.peek()
  const entries = Object.entries({ ...params, ...changes })
  const kept = entries.filter((entry): entry is [string, string] => entry[1] !== undefined)
  go({ path, params: Object.fromEntries(kept) }, options)
}

export function startRouter(): void {
  const read = (): void => {
    hash.value = location.hash
  }
  addEventListener('hashchange', read)
  addEventListener('popstate', read)
}
