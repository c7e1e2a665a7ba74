import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { invalidParams, RpcError } from '../errors.ts'
import { type Identity, permittedNames } from '../permission/grant.ts'
import { actionOf, type Resource } from '../resource/resource.ts'

/** Whose place it is. */
export interface StreamReader {
  readonly resource: Resource
  readonly caller: Identity
  /** The id of the ticket that the stream was begun with: its cursors are good for it alone. */
  readonly ticket?: string | undefined
}

/**
 * Where a reader stands in the changes of a resource, as text. One who may read every record counts them: `"42"` is the
 * sequence number. Everybody else gets another text each time, sealed for their token: gaps in numbers would tell how much
 * happened that they may not see.
 */
export interface Cursors {
  write(reader: StreamReader, sequenceNumber: number): string
  /** The sequence number. Throws RpcError -32602 (`bad_cursor`) and 108 (`cursor_required`) at `path`. */
  read(reader: StreamReader, cursor: string, path: string): number
}

const prefix = 'c1.'
const ivBytes = 12
const tagBytes = 16
const numberBytes = 8

/** Seals with AES-256-GCM under a key that HKDF-SHA256 derives from `key`, any secret text that all servers share. */
export function createCursors(key: string): Cursors {
  const derived = Buffer.from(hkdfSync('sha256', key, '', 'daybook stream cursor v1', 32))

  function seal(reader: StreamReader, sequenceNumber: number): string {
    const iv = randomBytes(ivBytes)
    const number = Buffer.alloc(numberBytes)
    number.writeBigUInt64BE(BigInt(sequenceNumber))
    const cipher = createCipheriv('aes-256-gcm', derived, iv, { authTagLength: tagBytes })
    cipher.setAAD(Buffer.from(boundTo(reader)))
    const hidden = Buffer.concat([cipher.update(number), cipher.final()])
    return prefix + Buffer.concat([iv, cipher.getAuthTag(), hidden]).toString('base64url')
  }

  function open(reader: StreamReader, cursor: string): number | undefined {
    const bytes = Buffer.from(cursor.slice(prefix.length), 'base64url')
    if (!cursor.startsWith(prefix) || bytes.length !== ivBytes + tagBytes + numberBytes) return undefined
    const decipher = createDecipheriv('aes-256-gcm', derived, bytes.subarray(0, ivBytes), {
      authTagLength: tagBytes,
    })
    decipher.setAAD(Buffer.from(boundTo(reader)))
    decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes))
    try {
      const number = Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()])
      return Number(number.readBigUInt64BE())
    } catch {
      return undefined
    }
  }

  return {
    write: (reader, number) => (mayCount(reader) ? String(number) : seal(reader, number)),
    read(reader, cursor, path) {
      if (/^\d{1,15}$/.test(cursor) && reader.ticket === undefined) {
        const number = Number(cursor)
        // The beginning is the same for everybody; any other number, tried out, would tell how many there are.
        if (number === 0 || mayCount(reader)) return number
        throw cursorRequired(path)
      }
      const number = open(reader, cursor)
      if (number === undefined) throw invalidParams(path, 'not a cursor of this stream', 'bad_cursor')
      return number
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
  const message = `${path}: sequence numbers are for those who may read every record; give a cursor, or 0`
  return new RpcError('invalid_input', message, { reason: 'cursor_required', path })
}
