import { randomBytes } from 'node:crypto'

const prefix = 'whsec_'
const leastBytes = 24
const mostBytes = 64

/** A new signing secret of 32 random bytes, in the form of Standard Webhooks: `whsec_<base64>`. */
export function newWebhookSecret(): string {
  return prefix + randomBytes(32).toString('base64')
}

/** What is wrong with a signing secret, or undefined. Standard Webhooks asks for 24 to 64 bytes. */
export function webhookSecretFault(text: string): string | undefined {
  if (!text.startsWith(prefix)) return `expected ${prefix} and base64`
  const encoded = text.slice(prefix.length)
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.toString('base64') !== encoded) return `expected padded base64 after ${prefix}`
  if (bytes.length >= leastBytes && bytes.length <= mostBytes) return undefined
  return `expected ${leastBytes} to ${mostBytes} bytes, encoded as base64, after ${prefix}`
}
