/** Who is to be woken by which channel. */
export interface Wakes {
  channels(): IterableIterator<string>
  /**
   * Returns what ends it, which tells whether it was the channel's last. Throws TypeError for a name that cannot stand in
   * SQL: channels are ours, never a client's.
   */
  add(channel: string, wake: () => void): () => boolean
  wake(channel: string): void
  /** Wakes everybody: any notification may have been missed. */
  wakeAll(): void
}

const channelName = /^[a-z_][a-z0-9_]{0,62}$/

export function createWakes(onError: (error: unknown) => void): Wakes {
  const wakes = new Map<string, Set<() => void>>()

  function wake(channel: string): void {
    for (const each of wakes.get(channel) ?? []) each()
  }

  return {
    channels: () => wakes.keys(),
    add(channel, wake) {
      if (!channelName.test(channel)) throw new TypeError(`not a channel name: ${channel}`)
      const own = safely(wake, onError)
      wakes.set(channel, (wakes.get(channel) ?? new Set()).add(own))
      return () => {
        const set = wakes.get(channel)
        return set?.delete(own) === true && set.size === 0 && wakes.delete(channel)
      }
    },
    wake,
    wakeAll() {
      for (const channel of wakes.keys()) wake(channel)
    },
  }
}

/** `work` without the power to end the process: what it throws goes to `onError`. */
export function safely(work: () => void, onError: (error: unknown) => void): () => void {
  return () => {
    try {
      work()
    } catch (error) {
      onError(error)
    }
  }
}
