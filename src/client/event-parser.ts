/** One server-sent event, or what an event without data leaves: its id. */
export interface ServerEvent {
  readonly id: string | undefined
  /** `message` where it has no name. */
  readonly event: string
  /** Undefined where there was only an id, which the specification does not dispatch as an event. */
  readonly data: string | undefined
}

/** Reads a stream of server-sent events (WHATWG HTML, section 9.2.6), however it is cut into chunks. */
export interface EventParser {
  /** The events that this chunk completes. An event that is never completed is dropped. */
  push(chunk: Uint8Array): readonly ServerEvent[]
}

export function createEventParser(): EventParser {
  const decoder = new TextDecoder()
  /** A line whose end has not come yet. */
  let begun = ''
  /** The last chunk ended with a CR: a LF at the start of the next one belongs to it. */
  let endedWithCr = false
  let id: string | undefined
  let event = ''
  let data: string[] = []

  function readLine(line: string): ServerEvent | undefined {
    if (line === '') return complete()
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') data.push(value)
    else if (field === 'event') event = value
    else if (field === 'id' && !value.includes('\0')) id = value
    return undefined
  }

  function complete(): ServerEvent | undefined {
    const completed = { id, event: event || 'message', data: data.length === 0 ? undefined : data.join('\n') }
    id = undefined
    event = ''
    data = []
    return completed.data === undefined && completed.id === undefined ? undefined : completed
  }

  return {
    push(chunk) {
      let text = decoder.decode(chunk, { stream: true })
      if (text === '') return []
      if (endedWithCr && text.startsWith('\n')) text = text.slice(1)
      endedWithCr = text.endsWith('\r')
      const events: ServerEvent[] = []
      // Only the new part is searched: a long line would otherwise be searched from its start with each chunk.
      const lines = text.split(/\r\n|\n|\r/)
      const rest = lines.pop() ?? ''
      for (const line of lines) {
        const completed = readLine(begun + line)
        begun = ''
        if (completed !== undefined) events.push(completed)
      }
      begun += rest
      return events
    },
  }
}
