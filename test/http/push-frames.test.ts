import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createPushChannel } from '../../src/http/push-channel.ts'
import type { PushChannel } from '../../src/method/method.ts'

/** A channel, and what its client hears. */
async function openChannel(): Promise<{ channel: PushChannel; heard: string[]; client: WebSocket }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  onTestFinished(() => client.terminate())
  const heard: string[] = []
  client.on('message', message => void heard.push(String(message)))
  await once(client, 'open')
  const [socket, { socket: beneath }] = await accepted
  return { channel: createPushChannel(socket, beneath), heard, client }
}

/** Of every way in which a frame says its length, and of bodies that are sent as they are. */
const lengths = [0, 1, 100, 117, 118, 119, 200, 16_384, 16_385, 65_527, 65_528, 65_529, 300_000]

test('messages in pieces come whole and in the order of all that is pushed, whatever their lengths', async () => {
  const { channel, heard } = await openChannel()
  const wanted: string[] = []
  for (const [i, length] of [...lengths, ...lengths.toReversed()].entries()) {
    const text = i % 2 === 0 ? 'x'.repeat(length) : 'ü'.repeat(length / 2)
    channel.splice({ head: `{"${i}":`, body: Buffer.from(text), tail: '}' })
    wanted.push(`{"${i}":${text}}`)
    if (i % 5 !== 0) continue
    channel.send(`note ${i}`)
    wanted.push(`note ${i}`)
  }
  await expect.poll(() => heard.length).toBe(wanted.length)
  expect(heard).toEqual(wanted)
})

test('what waits for the end of the turn counts as unread, and is dropped for who has left', async () => {
  const { channel, client } = await openChannel()
  const body = Buffer.alloc(1000, 'x')
  channel.splice({ head: '', body, tail: '' })
  expect(channel.unread()).toBeGreaterThanOrEqual(1000)
  await expect.poll(() => channel.unread()).toBe(0)
  client.close()
  await once(client, 'close')
  channel.splice({ head: '', body, tail: '' })
  channel.splice({ head: '', body: Buffer.alloc(100_000), tail: '' })
  await expect.poll(() => channel.unread()).toBe(0)
})
