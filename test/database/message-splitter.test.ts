import { expect, test } from 'vitest'
import { MessageSplitter } from '../../src/database/message-splitter.ts'

function message(type: string, length: number): Buffer {
  const bytes = Buffer.alloc(5 + length, type.toLowerCase())
  bytes.write(type)
  bytes.writeInt32BE(4 + length, 1)
  return bytes
}

const sent = [0, 1, 5, 0, 300, 2, 70, 0, 9].map((length, i) => message(i % 3 === 0 ? 'Z' : 'D', length))
const whole = Buffer.concat(sent)

/** What comes out of chunks of `size` bytes, where nothing longer than `most` is wanted, and what was asked about. */
function split(size: number, most: number) {
  const messages: string[] = []
  const asked: number[] = []
  const splitter = new MessageSplitter({
    wants(type, length) {
      asked.push(length)
      expect([0x44, 0x5a]).toContain(type)
      return length <= most
    },
    message(type, bytes, begin, end) {
      messages.push(bytes.toString('latin1', begin, end))
      expect(bytes[begin]).toBe(type)
    },
  })
  for (let at = 0; at < whole.length; at += size) splitter.push(whole.subarray(at, at + size))
  return { messages, asked }
}

test('wherever what comes is cut, its messages come out whole, and each is asked about once', () => {
  for (let size = 1; size <= whole.length; size++) {
    for (const most of [Number.POSITIVE_INFINITY, 60]) {
      const wanted = sent.filter(each => each.length <= most)
      const { messages, asked } = split(size, most)
      expect(messages).toEqual(wanted.map(each => each.toString('latin1')))
      expect(asked).toEqual(sent.map(each => each.length))
    }
  }
})
