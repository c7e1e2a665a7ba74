/** A place in the console: what stands behind the `#` of its address. */
export interface Place {
  /** `['records', 'js-result']`; the first names the screen. */
  readonly path: readonly string[]
  readonly params: Readonly<Record<string, string>>
}

/** Reads `#/records/js-result?condition=…`; whatever is there, it is a place. */
export function readPlace(hash: string): Place {
  const [way = '', query = ''] = splitOnce(hash.replace(/^#?\/?/, ''), '?')
  return {
    path: way.split('/').filter(Boolean).map(decoded),
    params: Object.fromEntries(new URLSearchParams(query)),
  }
}

/** The address of a place, relative to the page: a link to it works under any path prefix. */
export function hrefOf({ path, params }: Place): string {
  const query = new URLSearchParams(params).toString()
  return `#/${path.map(encodeURIComponent).join('/')}${query && `?${query}`}`
}

/** The address of the records of a resource that fulfil the conditions. */
export function recordsHref(
  resource: string,
  condition: readonly unknown[] = [],
  params: Readonly<Record<string, string>> = {},
): string {
  const filter = condition.length === 0 ? {} : { condition: JSON.stringify(condition) }
  return hrefOf({ path: ['records', resource], params: { ...filter, ...params } })
}

function splitOnce(text: string, at: string): readonly string[] {
  const index = text.indexOf(at)
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)]
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    // An address that somebody cut.
    return part
  }
}
