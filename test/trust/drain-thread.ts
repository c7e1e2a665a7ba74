import { parentPort, workerData } from 'node:worker_threads'

// Asks for the same again and again, and throws the answers away: in a thread, to leave that of the test time to measure.
const { url, token, body, atOnce } = workerData as Readonly<Record<'url' | 'token' | 'body', string>> & {
  readonly atOnce: number
}
let isOver = false
parentPort?.once('message', () => {
  isOver = true
})

async function drainOn(): Promise<void> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  while (!isOver) {
    const answer = await fetch(url, { method: 'POST', headers, body })
    for await (const _ of answer.body ?? []);
  }
}

await Promise.all(Array.from({ length: atOnce }, drainOn))
process.exit()
