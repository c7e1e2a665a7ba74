import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { invalidParams } from '../errors.ts'
import { textCheck } from '../text-check.ts'
import { safeHeaders } from './headers.ts'
import { requestUrlFault } from './request-url.ts'

const maxUrlCharacters = 2048
const maxHeaders = 20
const maxHeaderCharacters = 4096

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

/**
 * What is wrong with the URL of a webhook, or undefined. `allow`: the private addresses that the operator allows; a URL with
 * any other private address is refused.
 */
export function webhookUrlFault(text: string, allow: readonly string[] = []): string | undefined {
  if (text.length > maxUrlCharacters) return `expected at most ${maxUrlCharacters} characters`
  return requestUrlFault(text, allow)
}

/** Throws RpcError -32602 at `path` for a URL that no webhook may have. */
export function requireWebhookUrl(text: string, allow: readonly string[], path: string): void {
  const fault = webhookUrlFault(text, allow)
  if (fault !== undefined) throw invalidParams(path, fault)
}

/** The headers that every post sets itself. */
const own = /^(?:content-type|user-agent|webhook-.*|daybook-.*)$/i

function headersFault(headers: Readonly<Record<string, string>>, context: z.RefinementCtx): void {
  for (const [name, value] of Object.entries(headers)) {
    if (!own.test(name) && Object.keys(safeHeaders({ [name]: value })).length > 0) continue
    context.addIssue({ code: 'custom', message: 'this header may not be sent', path: [name] })
  }
  if (Object.keys(headers).length > maxHeaders)
    context.addIssue({ code: 'custom', message: 'too many headers' })
}

const secret = z.string().superRefine(textCheck(webhookSecretFault))
const hidden = z.literal('***')

/** Where a webhook posts to, as clients write it; `requireWebhookUrl` checks the URL. */
export const webhookPlace = {
  url: z.string(),
  secret: secret.optional().describe('whsec_ and base64; left out of a change: stays as it is'),
}

/** The same for posts that may be unsigned and have more headers. */
export const openWebhookPlace = {
  ...webhookPlace,
  secret: secret
    .nullish()
    .describe('whsec_ and base64; left out of a change: stays as it is; null: not signed'),
  headers: z
    .record(z.string(), z.string().max(maxHeaderCharacters))
    .superRefine(headersFault)
    .default({})
    .describe('Kept as secrets'),
}

/** What is shown of either; a secret never is. */
export const shownWebhookPlace = { url: z.string(), secret: hidden }
export const shownOpenWebhookPlace = {
  ...shownWebhookPlace,
  secret: hidden.nullable(),
  headers: z.record(z.string(), hidden),
}
