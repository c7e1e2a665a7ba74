import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** Keeps secrets unreadable in the database. */
export interface Sealer {
  /** Text `v1.<base64url>`, different each time. */
  seal(text: string): string
  /** The text that was sealed. Throws Error if it was altered, truncated, or sealed with another key. */
  open(sealed: string): string
}

const version = 'v1'
const ivBytes = 12
const tagBytes = 16

/** Seals with AES-256-GCM under a key that HKDF-SHA256 (RFC 5869) derives from `key`, any secret text. */
export function createSealer(key: string): Sealer {
  const derived = Buffer.from(hkdfSync('sha256', key, '', `daybook seal ${version}`, 32))
  return {
    seal(text) {
      const iv = randomBytes(ivBytes)
      const cipher = createCipheriv('aes-256-gcm', derived, iv, { authTagLength: tagBytes })
      const hidden = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return `${version}.${Buffer.concat([iv, cipher.getAuthTag(), hidden]).toString('base64url')}`
    },
    open(sealed) {
      const bytes = bytesOf(sealed)
      try {
        const iv = bytes.subarray(0, ivBytes)
        const decipher = createDecipheriv('aes-256-gcm', derived, iv, { authTagLength: tagBytes })
        decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes))
        const hidden = bytes.subarray(ivBytes + tagBytes)
        return Buffer.concat([decipher.update(hidden), decipher.final()]).toString('utf8')
      } catch {
        throw new Error('the sealed text was changed, or sealed with another key')
      }
    },
  }
}

function bytesOf(sealed: string): Buffer {
  const [given, text = ''] = sealed.split('.', 2)
  const bytes = Buffer.from(text, 'base64url')
  // Compared with its re-encoding, because several texts decode to the same bytes.
  if (given !== version || sealed !== `${version}.${bytes.toString('base64url')}`) {
    throw new Error(`not a text sealed as ${version}`)
  }
  return bytes
}
