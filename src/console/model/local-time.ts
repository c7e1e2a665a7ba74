const minuteMs = 60_000

/** What `<input type="datetime-local">` takes, in the browser's zone, to the millisecond. */
export function localInputOf(time: number): string {
  const shifted = new Date(time - new Date(time).getTimezoneOffset() * minuteMs)
  return shifted.toISOString().slice(0, -1)
}

/** Epoch milliseconds of what it gives; undefined for none. */
export function timeOfLocalInput(text: string): number | undefined {
  const time = text === '' ? Number.NaN : new Date(text).getTime()
  return Number.isNaN(time) ? undefined : time
}
