import { createPublicKey, createSecretKey, type KeyObject, randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import type jsonwebtoken from 'jsonwebtoken'
import type { Algorithm, Jwt } from 'jsonwebtoken'
import { z } from 'zod'
import type { Clock } from '../async/clock.ts'
import { RpcError } from '../errors.ts'
import { malformedCredential } from './credential.ts'
import { permissionDenied } from './grant.ts'
import { type TokenLimit, tokenLimitSchema } from './limit.ts'

export interface JwtOptions {
  /** At least 32 bytes; signs and checks HS256. */
  readonly secret: string
  /** PEM of a key whose owner may mint as well: RSA (RS256) or P-256 (ES256). */
  readonly publicKey?: string | undefined
  /** The `iss` that every JWT must carry. */
  readonly issuer: string
  readonly clock: Clock
}

/** What a JWT of ours says. Times are in seconds, as RFC 7519 has them. */
export interface Claims {
  /** The key of the token that issued it. */
  readonly sub: string
  readonly iat: number
  readonly exp: number
  readonly nbf?: number | undefined
  /** The issuing token's secret_generation; only the owner of a configured public key may leave it out. */
  readonly gen?: number | undefined
  /** Narrows the issuing token's limits. */
  readonly token_limit?: TokenLimit | undefined
}

export interface NewJwt {
  readonly tokenKey: string
  readonly generation: number
  readonly limits?: TokenLimit | undefined
  readonly ttlMs: number
}

export interface Jwts {
  /** Signs a JWT that ends no later than `ttlMs` from now; `expiresAt` is in epoch milliseconds. */
  mint(wanted: NewJwt): { jwt: string; expiresAt: number }
  /**
   * The claims of a JWT that is signed, complete, ours and valid now. Throws RpcError 101 for a text that is none,
   * 102 (reason `permission_denied`, or `credential_expired`) for all else.
   */
  verify(jwt: string): Claims
}

const require = createRequire(import.meta.url)

/** Loaded with the first JWT: with what it needs it takes a thirtieth of a start. */
function library(): typeof jsonwebtoken {
  return require('jsonwebtoken')
}

const minSecretBytes = 32

const seconds = z.int().nonnegative()
// Other claims than these are other programs' business.
const claimsSchema = z
  .strictObject({
    iss: z.string(),
    // RFC 7519, 4.1.3: a server that is not named must refuse. We have no name of our own to compare.
    aud: z.never().optional(),
    sub: z.string().min(1),
    iat: seconds,
    exp: seconds,
    nbf: seconds.optional(),
    gen: z.int().optional(),
    token_limit: tokenLimitSchema.optional(),
  })
  .strip()
const headerSchema = z
  .strictObject({
    alg: z.string(),
    typ: z.literal('JWT').optional(),
    // RFC 7515, 4.1.11: a server that does not understand every extension listed must refuse. We understand none.
    crit: z.never().optional(),
  })
  .strip()

/** Throws Error when the secret is too short or the public key is not of a kind that we take. */
export function createJwts({ secret, publicKey, issuer, clock }: JwtOptions): Jwts {
  if (Buffer.byteLength(secret) < minSecretBytes) {
    throw new Error(`the JWT secret must have at least ${minSecretBytes} bytes`)
  }
  const ours = createSecretKey(secret, 'utf8')
  // The key decides the algorithm, never the JWT: else a public key could be used as an HMAC secret.
  const keys = new Map<string, KeyObject>([['HS256', ours]])
  if (publicKey !== undefined) addPublicKey(keys, publicKey)

  return {
    mint({ tokenKey, generation, limits, ttlMs }) {
      const now = clock()
      const exp = Math.floor((now + ttlMs) / 1000)
      const claims = {
        iss: issuer,
        sub: tokenKey,
        iat: Math.floor(now / 1000),
        exp,
        jti: randomUUID(),
        gen: generation,
        ...(limits === undefined ? {} : { token_limit: limits }),
      }
      return { jwt: library().sign(claims, ours, { algorithm: 'HS256' }), expiresAt: exp * 1000 }
    },

    verify(jwt) {
      const { alg } = parseHeader(jwt)
      const key = keys.get(alg)
      if (key === undefined) throw permissionDenied()
      const clockTimestamp = Math.floor(clock() / 1000)
      const payload = checkSignature(jwt, key, { algorithms: [alg as Algorithm], clockTimestamp })
      const claims = claimsSchema.safeParse(payload)
      if (!claims.success || claims.data.iss !== issuer) throw permissionDenied()
      if (key === ours && claims.data.gen === undefined) throw permissionDenied()
      return claims.data
    },
  }
}

/** RS256 for an RSA key, ES256 for a P-256 key. Throws Error for any other. */
function addPublicKey(keys: Map<string, KeyObject>, pem: string): void {
  const key = createPublicKey(pem)
  if (key.asymmetricKeyType === 'rsa') keys.set('RS256', key)
  else if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') keys.set('ES256', key)
  else throw new Error('the JWT public key must be RSA or P-256')
}

function parseHeader(jwt: string): { alg: string } {
  const header = headerSchema.safeParse(decode(jwt).header)
  if (!header.success) throw permissionDenied()
  return header.data
}

function decode(jwt: string): Jwt {
  try {
    const decoded = library().decode(jwt, { complete: true })
    if (decoded !== null) return decoded
  } catch {
    // Its parts are no JSON: no JWT either.
  }
  throw malformedCredential()
}

interface Expected {
  readonly algorithms: Algorithm[]
  readonly clockTimestamp: number
}

/** The payload as it stands: jsonwebtoken parses a second time what turns out to be text. */
function parsePayload(jwt: string): unknown {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
}

function checkSignature(jwt: string, key: KeyObject, expected: Expected): unknown {
  try {
    library().verify(jwt, key, expected)
    return parsePayload(jwt)
  } catch (error) {
    if (!(error instanceof library().TokenExpiredError)) throw permissionDenied()
    throw new RpcError('credential_expired', 'The credential has expired')
  }
}
