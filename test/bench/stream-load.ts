import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { type Measurement, type StreamJob, sentPlace } from './job.ts'
import { createMeter, type Meter } from './meter.ts'

/** When a pushed row was sent; both as a number in a payload and within a text. */
const sent = /sent\W+(\d{13})/

/** Measures from the sending of each row to its arrival at each subscriber. */
export async function runStreamLoad(job: StreamJob): Promise<Measurement> {
  const { url, subscribes, silent, serverPid, postgresPid, warmupMs, measureMs } = job
  const meter = createMeter({ serverPid, postgresPid })
  const [first = []] = subscribes
  const readers = await Promise.all(subscribes.map(requests => subscribe(url, requests)))
  const idle = await Promise.all(Array.from({ length: silent }, () => subscribe(url, first)))
  for (const socket of idle) socket.pause()
  for (const socket of readers) socket.on('message', message => take(message as Buffer, meter))

  const faults: string[] = []
  const stopAt = performance.now() + warmupMs + measureMs
  const sending = send(job, stopAt, fault => void faults.push(fault))
  await sleep(warmupMs)
  meter.start()
  await sending
  // What is on its way counts as well.
  await sleep(500)
  meter.stop()
  for (const socket of [...readers, ...idle]) socket.terminate()
  return { ...meter.read(), errors: faults.length, firstError: faults[0] }
}

/** Opens a connection and resolves when all is answered. Throws for what is refused. */
async function subscribe(url: string, requests: readonly string[]): Promise<WebSocket> {
  const socket = new WebSocket(url.replace('http', 'ws'), { skipUTF8Validation: true })
  await once(socket, 'open')
  for (const request of requests) {
    const answered = answerOf(socket)
    socket.send(request)
    const answer = await answered
    if (!answer.includes('"result"')) throw new Error(`a subscription was refused: ${answer}`)
  }
  return socket
}

/** The next message that answers: subscriptions before it may push already, also in the same turn. */
function answerOf(socket: WebSocket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  socket.on('message', function listen(message) {
    const text = String(message)
    if (text.includes('"method"')) return
    socket.off('message', listen)
    resolve(text)
  })
  return promise
}

function take(message: Buffer, meter: Meter): void {
  const at = sent.exec(message.toString('latin1', 0, 1000))?.[1]
  if (at !== undefined) meter.record(performance.timeOrigin + performance.now() - Number(at))
}

/** Sends at its pace whether or not answers come, until the time is over and the last has come. */
async function send(
  { url, bodies, intervalMs }: StreamJob,
  stopAt: number,
  onFault: (fault: string) => void,
): Promise<void> {
  const startedAt = performance.now()
  const pending = new Set<Promise<void>>()
  for (let i = 0; ; i++) {
    const due = startedAt + i * intervalMs
    if (due > stopAt) break
    await sleep(Math.max(0, due - performance.now()))
    const now = Math.round(performance.timeOrigin + performance.now())
    const body = (bodies[i % bodies.length] ?? '').replaceAll(String(sentPlace), String(now))
    const posted = post(url, body)
      .catch(error => onFault(String(error)))
      .finally(() => pending.delete(posted))
    pending.add(posted)
  }
  await Promise.all(pending)
}

async function post(url: string, body: string): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  const text = await answer.text()
  if (!text.includes('"result"')) throw new Error(text.slice(0, 300))
}
