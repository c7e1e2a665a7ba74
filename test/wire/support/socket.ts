import { on, once } from 'node:events'
import { type ClientOptions, WebSocket } from 'ws'

/** A WebSocket that is open, and asks one message at a time. */
export interface Socket {
  /** The parsed answer to a message, text or what becomes JSON. */
  ask(message: unknown): Promise<unknown>
  /** Sends what is not answered. */
  tell(message: unknown): void
  close(): void
}

export async function openSocket(url: string, path = '/', options: ClientOptions = {}): Promise<Socket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}${path}`, options)
  await once(socket, 'open')
  const tell = (message: unknown): void => {
    socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }
  return {
    tell,
    async ask(message) {
      const messages = on(socket, 'message')
      tell(message)
      for await (const [data] of messages) {
        const answer: unknown = JSON.parse(String(data))
        // What is pushed meanwhile answers nothing.
        if (!Object.hasOwn(Object(answer), 'method')) return answer
      }
      throw new Error('no answer')
    },
    close: () => socket.terminate(),
  }
}
