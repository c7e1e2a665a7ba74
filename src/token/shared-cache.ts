import { LRUCache } from 'lru-cache'

export interface CacheOptions {
  readonly maxEntries: number
  /** Told of each look into the cache. */
  readonly onLookup?: (isHit: boolean) => void
}

/** Keeps what was loaded last; loads that run at the same time for one key are one. */
export interface SharedCache<V> {
  /** What is kept. */
  peek(key: string): V | undefined
  /** The same, or what `load` brings: only what loads successfully is kept. */
  get(key: string, load: () => Promise<V>): Promise<V>
  /** The same without a look into what is kept. */
  load(key: string, load: () => Promise<V>): Promise<V>
  /** Forgets all; a load that is under way is neither kept nor shared any more. */
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
