import { createHmac, generateKeyPairSync, sign } from 'node:crypto'

/** Signs the first two parts of a JWT. */
export type Signer = (input: string) => Buffer

export interface Forgery {
  readonly header: unknown
  /** An object, or the JSON text of what no object can say. */
  readonly payload: unknown
  readonly signer: Signer
}

/** Writes a JWT by hand: no library would sign most of what a server must refuse. */
export function forgeJwt({ header, payload, signer }: Forgery): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${signer(input).toString('base64url')}`
}

function encode(part: unknown): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
}

export function hmac(secret: string, hash = 'sha256'): Signer {
  return input => createHmac(hash, secret).update(input).digest()
}

export const unsigned: Signer = () => Buffer.alloc(0)

/** Another issuer's key pair: the server knows `publicKey`. */
export function createRsaIssuer(): { readonly publicKey: string; readonly signer: Signer } {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  return { publicKey, signer: input => sign('sha256', Buffer.from(input), privateKey) }
}
