import { promisify } from 'node:util'
import { constants, crc32, deflateRaw, deflateRawSync } from 'node:zlib'
import type { JsonText } from '../json.ts'

interface Compressed {
  readonly bytes: Buffer
  /** DEFLATE blocks (RFC 1951) that end at a byte and refer to nothing before them. */
  readonly blocks: Buffer
}

const deflate = promisify(deflateRaw)
const atByte = { finishFlush: constants.Z_SYNC_FLUSH }
/** RFC 1952, section 2.3: no name, no time, system unknown. */
const gzipHeader = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])

/** More than so much around it would hold the event loop for milliseconds. */
const mostAround = 64 * 1024

const known = new WeakMap<JsonText, Promise<Compressed>>()

/**
 * `answer` as gzip, of which `shared` is a part that many answers have: that is compressed once, and what
 * stands around it each time. Undefined when it is no part of the answer, or a small one.
 */
export async function gzipAround(answer: string, shared: JsonText): Promise<Buffer | undefined> {
  if (answer.length - shared.text.length > mostAround) return undefined
  const at = answer.indexOf(shared.text)
  if (at === -1) return undefined
  const compressed = known.get(shared) ?? compress(shared)
  known.set(shared, compressed)
  const { bytes, blocks } = await compressed
  const before = Buffer.from(answer.slice(0, at))
  const after = Buffer.from(answer.slice(at + shared.text.length))
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(crc32(after, crc32(bytes, crc32(before))), 0)
  trailer.writeUInt32LE(before.length + bytes.length + after.length, 4)
  return Buffer.concat([gzipHeader, deflateRawSync(before, atByte), blocks, deflateRawSync(after), trailer])
}

async function compress({ text }: JsonText): Promise<Compressed> {
  const bytes = Buffer.from(text)
  return { bytes, blocks: await deflate(bytes, atByte) }
}
