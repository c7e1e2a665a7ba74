import type { Kit } from './kit.ts'

/** URLSearchParams and FormData (of texts), parsed and written by the host. */
export function pairLibrary(kit: Kit) {
  type Pair = [string, string]

  /** The pairs of each list; those of a URL are read from it again when it changes. */
  const lists = new WeakMap<object, Pair[]>()
  const owners = new WeakMap<object, object>()

  function pairsOf(list: object): Pair[] {
    const pairs = lists.get(list)
    if (pairs === undefined) throw new TypeError('Illegal invocation')
    return pairs
  }

  abstract class Pairs {
    append(name: unknown, value: unknown): void {
      pairsOf(this).push([String(name), String(value)])
      changed(this)
    }

    delete(name: unknown, value?: unknown): void {
      const kept = pairsOf(this).filter(
        ([n, v]) => n !== String(name) || (value !== undefined && v !== String(value)),
      )
      lists.set(this, kept)
      changed(this)
    }

    get(name: unknown): string | null {
      return pairsOf(this).find(([n]) => n === String(name))?.[1] ?? null
    }

    getAll(name: unknown): string[] {
      return pairsOf(this)
        .filter(([n]) => n === String(name))
        .map(([, value]) => value)
    }

    has(name: unknown, value?: unknown): boolean {
      return pairsOf(this).some(
        ([n, v]) => n === String(name) && (value === undefined || v === String(value)),
      )
    }

    set(name: unknown, value: unknown): void {
      const key = String(name)
      const pairs = pairsOf(this)
      const at = pairs.findIndex(([n]) => n === key)
      if (at === -1) pairs.push([key, String(value)])
      else {
        pairs[at] = [key, String(value)]
        lists.set(
          this,
          pairs.filter(([n], i) => n !== key || i <= at),
        )
      }
      changed(this)
    }

    forEach(callback: (value: string, name: string, list: unknown) => void, self?: unknown): void {
      for (const [name, value] of pairsOf(this)) callback.call(self, value, name, this)
    }

    *entries(): Generator<Pair> {
      for (let i = 0; i < pairsOf(this).length; i++) yield [...(pairsOf(this)[i] as Pair)]
    }

    *keys(): Generator<string> {
      for (const [name] of this.entries()) yield name
    }

    *values(): Generator<string> {
      for (const [, value] of this.entries()) yield value
    }

    [Symbol.iterator](): Generator<Pair> {
      return this.entries()
    }
  }

  function changed(list: object): void {
    const url = owners.get(list)
    if (url !== undefined) Reflect.set(url, 'search', String(list))
  }

  function pairsFrom(init: unknown): Pair[] {
    if (init === undefined || init === null) return []
    if (typeof init !== 'object') return kit.native('query', [String(init)]) as Pair[]
    const isList = typeof (init as Iterable<unknown>)[Symbol.iterator] === 'function'
    const pairs = isList ? [...(init as Iterable<Iterable<unknown>>)] : Object.entries(init)
    return pairs.map(each => {
      const pair = [...each]
      if (pair.length !== 2) throw new TypeError('each pair must have a name and a value')
      return [String(pair[0]), String(pair[1])]
    })
  }

  class URLSearchParams extends Pairs {
    constructor(init?: unknown) {
      super()
      lists.set(this, pairsFrom(init))
    }

    get size(): number {
      return pairsOf(this).length
    }

    sort(): void {
      pairsOf(this).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      changed(this)
    }

    override toString(): string {
      return kit.native('queryText', [pairsOf(this)]) as string
    }

    get [Symbol.toStringTag](): string {
      return 'URLSearchParams'
    }
  }

  class FormData extends Pairs {
    constructor(form?: unknown) {
      super()
      if (form !== undefined) throw new TypeError('there are no form elements here')
      lists.set(this, [])
    }

    get [Symbol.toStringTag](): string {
      return 'FormData'
    }
  }

  /** The parameters of `url`, whose `search` follows them. */
  function paramsOf(url: object, search: unknown): URLSearchParams {
    const params = new URLSearchParams(search)
    owners.set(params, url)
    return params
  }

  /** Replaces all pairs, because the search of their URL has changed. */
  function reread(params: URLSearchParams, search: unknown): void {
    lists.set(params, pairsFrom(search))
  }

  return { URLSearchParams, FormData, paramsOf, reread }
}
