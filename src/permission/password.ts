import { hash, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../async/clock.ts'
import { currentBehalf } from '../fairness/behalf.ts'
import { createLoginDelay } from './login-delay.ts'
import { createLoginTurns, lastRank } from './login-turns.ts'

/** How much work a password costs: N (a power of two), r and p as in RFC 7914. */
export interface ScryptCost {
  readonly N: number
  readonly r: number
  readonly p: number
}

export interface PasswordOptions {
  readonly cost?: ScryptCost
  readonly clock: Clock
  /** Computed at once; each takes a thread of libuv's four and 128 * N * r bytes. */
  readonly concurrency?: number
  /** Waiting for a turn on behalf of one address or token; more are refused. */
  readonly queue?: number
}

/** Somebody who says to be a user. */
export interface Login {
  readonly username: string
  readonly password: string
  /** What `hash` made of the user's password; undefined where there is no such user, which costs the same. */
  find(): Promise<string | undefined>
}

export interface Passwords {
  /** `scrypt$N$r$p$salt$hash`, salt and hash in base64url. Throws RpcError 110 (reason `too_many_logins`). */
  hash(password: string): Promise<string>
  /**
   * Whether the password is the user's. Wrong ones delay those that follow: of the same address for the same user, and
   * later all of that address, never the same user's elsewhere. Whether there is such a user makes no difference.
   * Throws RpcError 110 (reasons `too_many_logins`, `login_delayed`).
   */
  check(login: Login): Promise<boolean>
}

const hashBytes = 32
const saltBytes = 16

/** Hashes passwords, a few at a time. Whose share that takes is on whose behalf it is done. */
export function createPasswords(options: PasswordOptions): Passwords {
  const { cost = { N: 2 ** 15, r: 8, p: 3 }, clock, concurrency = 2, queue = 16 } = options
  const ofUser = createLoginDelay({ clock, free: 3, forgetMs: 60_000 })
  // Many people may share an address; what one of them tries again and again is delayed before.
  const ofAddress = createLoginDelay({ clock, free: 20, forgetMs: 6000 })
  const inTurn = createLoginTurns({
    concurrency,
    queue,
    subjectQueue: 2,
    // Users with recent wrong passwords come last; before them, users who share an address with such a user.
    rankOf: ({ share, subject }) =>
      ofUser.isClean(`${subject} ${share}`) ? (ofAddress.isClean(share) ? 0 : 1) : lastRank,
  })
  const nobody: StoredPassword = { cost, salt: randomBytes(saltBytes), hash: randomBytes(hashBytes) }

  async function isRight(password: string, stored: string | undefined): Promise<boolean> {
    const expected = stored === undefined ? nobody : parseStored(stored)
    const hash = await derive(password, expected.salt, expected.cost)
    return timingSafeEqual(hash, expected.hash) && stored !== undefined
  }

  return {
    async hash(password) {
      const salt = randomBytes(saltBytes)
      const derived = await inTurn({ share: ownShare() }, () => derive(password, salt, cost))
      return formatStored({ cost, salt, hash: derived })
    },
    async check({ username, password, find }) {
      const share = ownShare()
      // A username may be as long as a credential.
      const subject = hash('sha256', username, 'base64')
      const user = `${subject} ${share}`
      const requireNoDelay = (): void => {
        ofUser.requireOver(user)
        ofAddress.requireOver(share)
      }
      requireNoDelay()
      return inTurn({ share, subject }, async () => {
        // Those that came before it may have been wrong.
        requireNoDelay()
        if (await isRight(password, await find())) {
          ofUser.forget(user)
          return true
        }
        ofUser.addWrong(user)
        ofAddress.addWrong(share)
        return false
      })
    },
  }
}

function ownShare(): string {
  return currentBehalf() ?? ''
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
