import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { invalidInput, invalidParams, type RpcError } from '../errors.ts'
import { type Identity, permittedNames } from '../permission/grant.ts'
import { actionOf, type Resource } from '../resource/resource.ts'

/** The reader a cursor belongs to. */
export interface StreamReader {
  readonly resource: Resource
  readonly caller: Identity
  /** The id of the ticket that the stream was begun with: its cursors are good for it alone. */
  readonly ticket?: string | undefined
}

/**
 * A reader's position in the changes of a resource, as text. For a reader who may read every record,
 * `"42"` is the sequence number. All others get a text that differs each time, sealed for their token: gaps
 * in the numbers would reveal how many changes they may not see.
 */
export interface Cursors {
  /** What writes the places of this reader, as long as its caller is the same. */
  writerFor(reader: StreamReader): CursorWriter
  /** The sequence number. Throws RpcError -32602 (`bad_cursor`) and 108 (`cursor_required`) at `path`. */
  read(reader: StreamReader, cursor: string, path: string): number
}

export interface CursorWriter {
  /** The position of a reader that has checked everything up to a number. */
  place(sequenceNumber: number): string
  /** The position of a change sent to the reader: the same text for everyone it is sent to together. */
  ofChange(sequenceNumber: number): string
}

const countingWriter: CursorWriter = { place: String, ofChange: String }

/** Keys kept in memory, so that sealing need not derive them again. */
const maxWriters = 2000

const prefix = 'c2.'
/** One block: a count that makes each text another, zeros that tell a right one, the number. */
const blockBytes = 16
const countBytes = 5
const numberAt = 9

/**
 * Seals with one block of AES-256, unique per position, under a key of the reader that HMAC-SHA256
 * derives from `key`, any secret text that all servers share. An authenticated mode takes twenty times
 * as long, per change and subscriber. A forged text passes once in 2^32, and then yields a number far
 * ahead of every other.
 */
export function createCursors(key: string): Cursors {
  /** By whom they are bound to: a token with many subscriptions is sealed for once a change. */
  const writers = new LRUCache<string, CursorWriter>({ max: maxWriters })
  const derived = Buffer.from(hkdfSync('sha256', key, '', 'daybook stream cursor v2', 32))

  const keyOf = (bound: string): Buffer => createHmac('sha256', derived).update(bound).digest()

  function sealingWriter(reader: StreamReader): CursorWriter {
    const bound = boundTo(reader)
    const known = writers.get(bound) ?? writerOf(sealFor(bound))
    writers.set(bound, known)
    return known
  }

  function sealFor(bound: string): CursorWriter['place'] {
    const cipher = createCipheriv('aes-256-ecb', keyOf(bound), null).setAutoPadding(false)
    const block = Buffer.alloc(blockBytes)
    let count = randomBytes(countBytes).readUIntBE(0, countBytes)
    return sequenceNumber => {
      count = (count + 1) % 2 ** (8 * countBytes)
      block.writeUIntBE(count, 0, countBytes)
      block.writeBigUInt64BE(BigInt(sequenceNumber), blockBytes - 8)
      return prefix + cipher.update(block).toString('base64url')
    }
  }

  function open(reader: StreamReader, cursor: string): number | undefined {
    const sealed = Buffer.from(cursor.slice(prefix.length), 'base64url')
    if (!cursor.startsWith(prefix) || sealed.length !== blockBytes) return undefined
    const decipher = createDecipheriv('aes-256-ecb', keyOf(boundTo(reader)), null).setAutoPadding(false)
    const block = decipher.update(sealed)
    const isRight = block.subarray(countBytes, numberAt).every(byte => byte === 0)
    const number = block.subarray(numberAt).reduce((sum, byte) => sum * 256 + byte, 0)
    return isRight && Number.isSafeInteger(number) ? number : undefined
  }

  return {
    writerFor: reader => (mayCount(reader) ? countingWriter : sealingWriter(reader)),
    read(reader, cursor, path) {
      if (/^\d{1,15}$/.test(cursor) && reader.ticket === undefined) {
        const number = Number(cursor)
        // The start is the same for everyone; probing any other number would reveal how many there
        // are.
        if (number === 0 || mayCount(reader)) return number
        throw cursorRequired(path)
      }
      const number = open(reader, cursor)
      if (number === undefined) throw invalidParams(path, 'not a cursor of this stream', 'bad_cursor')
      return number
    },
  }
}

/**
 * A change that several subscriptions are sent is no secret among them; places without one stay different
 * texts.
 */
function writerOf(place: CursorWriter['place']): CursorWriter {
  let last = 0
  let text = ''
  return {
    place,
    ofChange(sequenceNumber) {
      if (sequenceNumber !== last) text = place(sequenceNumber)
      last = sequenceNumber
      return text
    },
  }
}

/** Whether the reader may know how many changes there are. */
export function mayCount({ resource, caller, ticket }: StreamReader): boolean {
  return ticket === undefined && permittedNames(caller, actionOf(resource, 'read')).everything
}

function boundTo({ resource, caller, ticket }: StreamReader): string {
  return JSON.stringify([resource.name, ticket === undefined ? 'token' : 'ticket', ticket ?? caller.tokenKey])
}

function cursorRequired(path: string): RpcError {
  const message = 'sequence numbers are for those who may read every record; give a cursor, or 0'
  return invalidInput(path, message, 'cursor_required')
}
