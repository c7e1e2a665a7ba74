import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { createTurns } from './turns.ts'

/** How much work a password costs: N (a power of two), r and p as in RFC 7914. */
export interface ScryptCost {
  readonly N: number
  readonly r: number
  readonly p: number
}

export interface PasswordOptions {
  readonly cost?: ScryptCost
  /** Computed at once; each takes a thread of libuv's four and 128 * N * r bytes. */
  readonly concurrency?: number
  /** Waiting for a turn; more are refused. */
  readonly queue?: number
}

export interface Passwords {
  /** `scrypt$N$r$p$salt$hash`, salt and hash in base64url. Throws RpcError 110 (reason `too_many_logins`). */
  hash(password: string): Promise<string>
  /**
   * Compares with what `hash` made. Without it (an unknown user) it costs the same and is false.
   * Throws RpcError 110 (reason `too_many_logins`).
   */
  verify(password: string, stored: string | undefined): Promise<boolean>
}

const hashBytes = 32
const saltBytes = 16

/** Hashes passwords, a few at a time. */
export function createPasswords(options: PasswordOptions = {}): Passwords {
  const { cost = { N: 2 ** 15, r: 8, p: 3 }, concurrency = 2, queue = 32 } = options
  const inTurn = createTurns(concurrency, queue)
  const nobody: StoredPassword = { cost, salt: randomBytes(saltBytes), hash: randomBytes(hashBytes) }
  return {
    async hash(password) {
      const salt = randomBytes(saltBytes)
      return formatStored({ cost, salt, hash: await inTurn(() => derive(password, salt, cost)) })
    },
    async verify(password, stored) {
      const expected = stored === undefined ? nobody : parseStored(stored)
      const hash = await inTurn(() => derive(password, expected.salt, expected.cost))
      return timingSafeEqual(hash, expected.hash) && stored !== undefined
    },
  }
}

interface StoredPassword {
  readonly cost: ScryptCost
  readonly salt: Buffer
  readonly hash: Buffer
}

function formatStored({ cost, salt, hash }: StoredPassword): string {
  const { N, r, p } = cost
  return `scrypt$${N}$${r}$${p}$${salt.toString('base64url')}$${hash.toString('base64url')}`
}

function parseStored(text: string): StoredPassword {
  const [scheme, N, r, p, salt = '', hash = ''] = text.split('$')
  if (scheme !== 'scrypt') throw new Error('a stored password has an unknown form')
  return {
    cost: { N: Number(N), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64url'),
    hash: Buffer.from(hash, 'base64url'),
  }
}

// The same password typed on another keyboard may be composed differently.
function derive(password: string, salt: Buffer, cost: ScryptCost): Promise<Buffer> {
  const options: ScryptOptions = { ...cost, maxmem: 2 * 128 * cost.N * cost.r }
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, hashBytes, options, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}
