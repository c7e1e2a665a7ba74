const channelName = /^[a-z_][a-z0-9_]{0,62}$/

/** Channel names are ours, never a client's: both engines put them into SQL. Throws TypeError for any other. */
export function requireChannel(channel: string): void {
  if (!channelName.test(channel)) throw new TypeError(`not a channel name: ${channel}`)
}

/** `wake` without the power to end the process: what it throws goes to `onError`. */
export function safeWake(wake: () => void, onError: (error: unknown) => void): () => void {
  return () => {
    try {
      wake()
    } catch (error) {
      onError(error)
    }
  }
}
