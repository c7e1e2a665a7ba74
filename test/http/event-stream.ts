import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { onTestFinished } from 'vitest'

/** A block of a stream, its lines as they stand: `{ id: '1', event: 'x', data: '{}' }`; comments are under ''. */
export type Block = Readonly<Record<string, string>>

/** An open answer, read as text and taken apart without the code of the client. */
export interface EventStream {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  /** All that came so far. */
  readonly text: () => string
  /** The blocks that are complete. */
  readonly blocks: () => readonly Block[]
  /** Those that hold a change: they have no name. */
  readonly events: () => readonly Block[]
  readonly ended: Promise<void>
  pause(): void
  destroy(): void
}

export interface StreamRequest {
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly method?: string
  readonly path?: string
}

/** Asks for a stream on a connection of its own, which is cut off when the test ends. */
export async function openEventStream(
  url: string,
  { query = {}, headers = {}, method = 'GET', path = '/stream' }: StreamRequest,
): Promise<EventStream> {
  const asked = request(`${url}${path}?${new URLSearchParams(query)}`, { method, headers, agent: false })
  onTestFinished(() => void asked.destroy())
  const answer = await answerTo(asked)
  let text = ''
  answer.setEncoding('utf8').on('data', chunk => {
    text += chunk
  })
  answer.on('error', () => undefined)
  const blocks = (): readonly Block[] => text.split('\n\n').slice(0, -1).map(parseBlock)
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text: () => text,
    blocks,
    events: () => blocks().filter(({ event, data }) => event === undefined && data !== undefined),
    ended: new Promise(resolve => answer.once('close', resolve)),
    pause: () => void answer.pause(),
    destroy: () => void asked.destroy(),
  }
}

function answerTo(asked: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    asked.on('error', reject).once('response', resolve)
    asked.end()
  })
}

function parseBlock(block: string): Block {
  const lines = block.split('\n').map(line => {
    const colon = line.indexOf(': ')
    return [line.slice(0, colon), line.slice(colon + 2)] as const
  })
  return Object.fromEntries(lines)
}
