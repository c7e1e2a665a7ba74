/** The time now in epoch milliseconds; tests pass their own. */
export type Clock = () => number

export const systemClock: Clock = () => Date.now()

/** Resolves when `work` does, after `ms` milliseconds at the latest. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise(resolve => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}
