import { LRUCache } from 'lru-cache'

export interface CacheOptions {
  readonly maxEntries: number
  /** Called for each cache look-up. */
  readonly onLookup?: (isHit: boolean) => void
}

/** Caches the most recently loaded values; concurrent loads of one key share one load. */
export interface SharedCache<V> {
  /** The cached value. */
  peek(key: string): V | undefined
  /** The cached value, or the one that `load` returns: only successful loads are cached. */
  get(key: string, load: () => Promise<V>): Promise<V>
  /** The same without the cache look-up. */
  load(key: string, load: () => Promise<V>): Promise<V>
  /** Clears the cache; a load under way is no longer cached or shared. */
  clear(): void
}

export function createSharedCache<V extends object>(options: CacheOptions): SharedCache<V> {
  const { maxEntries, onLookup = () => undefined } = options
  const values = new LRUCache<string, V>({ max: maxEntries })
  let loading = new Map<string, Promise<V>>()

  function startLoad(key: string, load: () => Promise<V>): Promise<V> {
    // After a clear this is another map than `loading`: what was read before the clear must not be kept.
    const startedIn = loading
    const loaded = load()
      .then(value => {
        if (startedIn === loading) values.set(key, value)
        return value
      })
      .finally(() => startedIn.delete(key))
    startedIn.set(key, loaded)
    return loaded
  }

  function peek(key: string): V | undefined {
    const value = values.get(key)
    onLookup(value !== undefined)
    return value
  }

  const loadOnce = (key: string, load: () => Promise<V>): Promise<V> =>
    loading.get(key) ?? startLoad(key, load)

  return {
    peek,
    load: loadOnce,
    get: async (key, load) => peek(key) ?? loadOnce(key, load),
    clear() {
      values.clear()
      loading = new Map()
    },
  }
}
