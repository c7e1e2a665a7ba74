import { z } from 'zod'
import { invalidParams } from '../../errors.ts'
import { webhookSecretFault, webhookUrlFault } from '../../outbound/webhook.ts'
import type { NatsCredentials, SinkTarget, StoredSink, WebhookSink } from '../../sink/sink.ts'
import {
  fileNameFault,
  headerValueFault,
  natsSeedFault,
  natsServerFault,
  natsStreamFault,
  natsSubjectFault,
} from '../../sink/target-check.ts'
import { isSinkHeader } from '../../sink/webhook.ts'
import { textCheck } from '../../text-check.ts'

const secret = z.string().min(1).max(1024)
const mebibyte = 1024 * 1024

function webhookSchema(allow: readonly string[]) {
  return z.strictObject({
    url: z.string().superRefine(textCheck(text => webhookUrlFault(text, allow))),
    secret: z
      .string()
      .superRefine(textCheck(webhookSecretFault))
      .nullish()
      .describe('whsec_ and base64; left out of a change: stays as it is; null: not signed'),
    headers: z
      .record(z.string(), z.string().superRefine(textCheck(headerValueFault)))
      .superRefine((headers, context) => {
        for (const [name, value] of Object.entries(headers)) {
          if (isSinkHeader(name, value)) continue
          context.addIssue({ code: 'custom', message: 'this header may not be sent', path: [name] })
        }
        if (Object.keys(headers).length > 20)
          context.addIssue({ code: 'custom', message: 'too many headers' })
      })
      .default({})
      .describe('Kept as secrets'),
  })
}

const natsSchema = z
  .strictObject({
    servers: z
      .array(z.string().superRefine(textCheck(natsServerFault)))
      .min(1)
      .max(16),
    stream: z.string().superRefine(textCheck(natsStreamFault)).nullable().default(null),
    subject: z.string().superRefine(textCheck(natsSubjectFault)),
    token: secret.optional(),
    user: z.string().min(1).max(1024).optional(),
    password: secret.optional(),
    nkey: z.string().superRefine(textCheck(natsSeedFault)).optional().describe('The seed of a user'),
  })
  .superRefine(({ token, user, password, nkey }, context) => {
    const fault = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', message, path: [path] })
    if ((user === undefined) !== (password === undefined)) {
      fault(user === undefined ? 'user' : 'password', 'expected both user and password')
    }
    const ways = { token, user, nkey }
    const [, second] = Object.entries(ways).filter(([, given]) => given !== undefined)
    if (second !== undefined) fault(second[0], 'expected one of token, user and nkey')
  })

const fileSchema = z.strictObject({
  name: z.string().superRefine(textCheck(fileNameFault)),
  max_bytes: z
    .int()
    .min(1024)
    .max(1024 * 1024 * mebibyte)
    .default(64 * mebibyte)
    .describe('A file that would grow beyond this is put aside'),
  keep: z.int().min(0).max(10_000).default(10).describe('How many that were put aside are kept'),
})

/** Where a sink's changes go to, as clients write it. `allow`: the private addresses that webhooks may reach. */
export function targetSchema(allow: readonly string[]) {
  const parts = { webhook: webhookSchema(allow), nats: natsSchema, file: fileSchema }
  return z
    .strictObject({
      webhook: parts.webhook.optional(),
      nats: natsSchema.optional(),
      file: fileSchema.optional(),
    })
    .superRefine((target, context) => {
      if (Object.values(target).filter(part => part !== undefined).length === 1) return
      context.addIssue({ code: 'custom', message: 'expected exactly one of webhook, nats and file' })
    })
}

export type WireTarget = z.output<ReturnType<typeof targetSchema>>

const hidden = z.literal('***')

/** What is shown of a target; a secret never is. */
export const shownTargetSchema = z.strictObject({
  webhook: z
    .object({ url: z.string(), secret: hidden.nullable(), headers: z.record(z.string(), hidden) })
    .optional(),
  nats: z
    .object({
      servers: z.array(z.string()),
      stream: z.string().nullable(),
      subject: z.string(),
      user: z.string().optional(),
      token: hidden.optional(),
      password: hidden.optional(),
      nkey: hidden.optional(),
    })
    .optional(),
  file: z.strictObject({ name: z.string(), max_bytes: z.int(), keep: z.int() }).optional(),
})

export function showTarget(target: SinkTarget): z.infer<typeof shownTargetSchema> {
  if (target.kind === 'file') {
    return { file: { name: target.name, max_bytes: target.maxBytes, keep: target.keep } }
  }
  if (target.kind === 'nats') {
    const { servers, stream, subject, credentials } = target
    return { nats: { servers: [...servers], stream, subject, ...showCredentials(credentials) } }
  }
  const names = Object.keys(target.headers)
  return {
    webhook: {
      url: target.url,
      secret: target.secret === null ? null : '***',
      headers: Object.fromEntries(names.map(name => [name, '***' as const])),
    },
  }
}

function showCredentials(credentials: NatsCredentials | null) {
  if (credentials === null) return {}
  if ('token' in credentials) return { token: '***' as const }
  return 'nkey' in credentials
    ? { nkey: '***' as const }
    : { user: credentials.user, password: '***' as const }
}

/**
 * The target that `wanted` asks for in place of `before`. Of what is secret only a webhook's signing secret stays when
 * it is left out: it is not sent to whoever is named in the change. Throws RpcError -32602 when that cannot be read.
 */
export function changeTarget({ webhook, nats, file }: WireTarget, before?: StoredSink): SinkTarget {
  if (webhook !== undefined) {
    const { url, secret: given, headers } = webhook
    return { kind: 'webhook', url, secret: given === undefined ? keptSecret(before) : given, headers }
  }
  if (nats !== undefined) {
    const { servers, stream, subject } = nats
    return { kind: 'nats', servers, stream, subject, credentials: credentialsOf(nats) }
  }
  if (file === undefined) throw new TypeError('the schema lets no target without a kind through')
  return { kind: 'file', name: file.name, maxBytes: file.max_bytes, keep: file.keep }
}

function keptSecret(before: StoredSink | undefined): WebhookSink['secret'] {
  if (before?.target.kind !== 'webhook') return null
  // It might have had one: what was signed must not go out unsigned of itself.
  if (before.isLocked) throw invalidParams('target.webhook.secret', 'expected a secret, or null')
  return before.target.secret
}

function credentialsOf({ token, user, password, nkey }: z.output<typeof natsSchema>): NatsCredentials | null {
  if (token !== undefined) return { token }
  if (nkey !== undefined) return { nkey }
  return user === undefined || password === undefined ? null : { user, password }
}
