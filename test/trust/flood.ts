import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** An answer, as far as a flood looks at it. */
export interface Answer {
  readonly status: number
  readonly body: string
}

/** What posts JSON from another local address, as another client would; Linux has all of 127.0.0.0/8. */
export function clientAt(localAddress: string, url: string): (body: string) => Promise<Answer> {
  const agent = new Agent({ keepAlive: true, localAddress })
  return body =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json' }
      const asked = request(url, { method: 'POST', agent, headers }, answer => {
        let text = ''
        answer.setEncoding('utf8').on('data', chunk => {
          text += chunk
        })
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body: text }))
      })
      asked.once('error', reject).end(body)
    })
}

export interface FloodOptions {
  /** Requests in flight. */
  readonly atOnce: number
  /** The next request, whatever its answer is. */
  readonly ask: (number: number) => Promise<unknown>
  /** How long each pauses between two requests; default 50. */
  readonly pauseMs?: number
  readonly isOver: () => boolean
}

/** Asks on and on; answers how many were asked. */
export async function flood({ atOnce, ask, pauseMs = 50, isOver }: FloodOptions): Promise<number> {
  let asked = 0
  const askOn = async (): Promise<void> => {
    while (!isOver()) {
      await ask(asked++).catch(() => undefined)
      await sleep(pauseMs)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, askOn))
  return asked
}
