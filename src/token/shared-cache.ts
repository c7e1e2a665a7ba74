import { LRUCache } from 'lru-cache'

export interface CacheStats {
  readonly hits: number
  readonly misses: number
  readonly size: number
}

/** Keeps what was loaded last; loads that run at the same time for one key are one. */
export interface SharedCache<V> {
  /** Only what loads successfully is kept. */
  get(key: string, load: () => Promise<V>): Promise<V>
  /** Forgets all; a load that is under way is neither kept nor shared any more. */
  clear(): void
  stats(): CacheStats
}

export function createSharedCache<V extends object>(maxEntries: number): SharedCache<V> {
  const values = new LRUCache<string, V>({ max: maxEntries })
  let loading = new Map<string, Promise<V>>()
  let hits = 0
  let misses = 0

  function startLoad(key: string, load: () => Promise<V>): Promise<V> {
    misses++
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

  return {
    async get(key, load) {
      const value = values.get(key)
      if (value === undefined) return loading.get(key) ?? startLoad(key, load)
      hits++
      return value
    },
    clear() {
      values.clear()
      loading = new Map()
    },
    stats: () => ({ hits, misses, size: values.size }),
  }
}
