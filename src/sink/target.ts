import { z } from 'zod'
import { type Flag, flag } from '../definition/field.ts'
import type { Storage } from '../definition/storage.ts'
import { invalidParams } from '../errors.ts'
import { openWebhookPlace, shownOpenWebhookPlace } from '../outbound/webhook-place.ts'
import type { Sealer } from '../seal.ts'
import { textCheck } from '../text-check.ts'

const secret = z.string().min(1).max(1024)
const mebibyte = 1024 * 1024

const natsSchema = z
  .strictObject({
    servers: z
      .array(z.string().superRefine(textCheck(serverFault)))
      .min(1)
      .max(16),
    stream: z.string().superRefine(textCheck(streamFault)).nullable().default(null),
    subject: z.string().superRefine(textCheck(subjectFault)),
    token: secret.optional(),
    user: z.string().min(1).max(1024).optional(),
    password: secret.optional(),
    nkey: z.string().superRefine(textCheck(seedFault)).optional().describe('The seed of an nkey'),
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
  keep: z.int().min(0).max(10_000).default(10).describe('How many files that were put aside are kept'),
})

/** Where a sink's changes go, as clients write it. */
export const targetSchema = z
  .strictObject({
    webhook: z.strictObject(openWebhookPlace).optional(),
    nats: natsSchema.optional(),
    file: fileSchema.optional(),
  })
  .superRefine((target, context) => {
    if (Object.values(target).filter(part => part !== undefined).length === 1) return
    context.addIssue({ code: 'custom', message: 'expected exactly one of webhook, nats and file' })
  })

type GivenTarget = z.output<typeof targetSchema>
/** `secret`: `whsec_<base64>`; null: the posts are not signed. */
export type WebhookSink = Omit<NonNullable<GivenTarget['webhook']>, 'secret'> & {
  readonly secret: string | null
}
/** `stream`: the stream that must store the messages; null: any stream that listens to the subject. */
export type NatsSink = NonNullable<GivenTarget['nats']>
/** `<data folder>/sinks/<name>.ndjson` */
export type FileSink = NonNullable<GivenTarget['file']>
/** Where a sink's changes go: one of them. */
export type SinkTarget = Omit<GivenTarget, 'webhook'> & { readonly webhook?: WebhookSink | undefined }

const hidden = z.literal('***')

/** The part of a target that is displayed; never a secret. */
export const shownTargetSchema = z.strictObject({
  webhook: z.strictObject(shownOpenWebhookPlace).optional(),
  nats: z
    .strictObject({
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

export type ShownTarget = z.output<typeof shownTargetSchema>

export function showTarget({ webhook, nats, file }: SinkTarget): ShownTarget {
  const mask = '***' as const
  if (webhook !== undefined) {
    const headers = Object.fromEntries(Object.keys(webhook.headers).map(name => [name, mask]))
    return { webhook: { ...webhook, secret: webhook.secret === null ? null : mask, headers } }
  }
  if (nats === undefined) return { file }
  const { token, password, nkey, ...open } = nats
  return {
    nats: {
      ...open,
      ...(token !== undefined && { token: mask }),
      ...(password !== undefined && { password: mask }),
      ...(nkey !== undefined && { nkey: mask }),
    },
  }
}

/** The options that give a target on the command line; its secret comes from a file or from stdin. */
export const targetFlags = [
  flag('--webhook <url>', 'send signed posts; unless a secret is given, one is made and shown once', {
    member: 'webhook.url',
  }),
  flag('--unsigned', 'send posts without a signature', {
    means: null,
    member: 'webhook.secret',
    needs: '--webhook',
  }),
  flag('--headers <json>', `more headers: '{"x-a":"b"}' or @file`, {
    value: 'json',
    member: 'webhook.headers',
    needs: '--webhook',
  }),
  flag('--nats <servers>', 'publish to JetStream: host:port, several separated by commas', {
    value: 'list',
    member: 'nats.servers',
  }),
  flag('--subject <subject>', 'the subject to publish to', { member: 'nats.subject', needs: '--nats' }),
  flag('--stream <name>', 'the stream that must take it', { member: 'nats.stream', needs: '--nats' }),
  flag('--user <name>', 'the secret is the password of this user; default: a token', {
    member: 'nats.user',
    needs: '--nats',
  }),
  // The secret takes the place of the empty text.
  flag('--nkey', 'the secret is the seed of an nkey', { means: '', member: 'nats.nkey', needs: '--nats' }),
  flag('--file <name>', 'sinks/NAME.ndjson in the data folder of the server', { member: 'file.name' }),
  flag('--max-bytes <n>', 'a file that would grow beyond this is put aside', {
    value: 'number',
    member: 'file.max_bytes',
    needs: '--file',
  }),
  flag('--keep <n>', 'how many files that were put aside are kept', {
    value: 'number',
    member: 'file.keep',
    needs: '--file',
  }),
] satisfies readonly Flag[]

/** One line about a target, for lists. */
export function placeOf({ webhook, nats, file }: ShownTarget): string {
  if (webhook !== undefined) return `webhook ${webhook.url}`
  return nats === undefined ? `file ${file?.name}` : `nats ${nats.subject} at ${nats.servers.join(', ')}`
}

/**
 * The target that replaces another. Of the secrets, only a webhook's signing secret is kept when it is left
 * out: it is never sent to the receiver. Throws RpcError -32602 if the kept secret cannot be unsealed.
 */
export function changeTarget(
  { webhook, ...others }: GivenTarget,
  before?: { readonly target: SinkTarget; readonly is_locked: boolean },
): SinkTarget {
  if (webhook === undefined) return others
  const replaced = before?.target.webhook
  // It may have had one: signed posts must not silently become unsigned.
  if (webhook.secret === undefined && replaced !== undefined && before?.is_locked) {
    throw invalidParams('target.webhook.secret', 'expected a secret, or null')
  }
  const { secret = replaced?.secret ?? null } = webhook
  return { webhook: { ...webhook, secret } }
}

/** Headers are stored as secrets too: most of them authenticate us. */
export const targetStorage: Storage<SinkTarget> = {
  columns: ['target_kind', 'target', 'secrets'],
  write({ webhook, nats, file }, sealer) {
    const sealed = (secrets: object) => sealer.seal(JSON.stringify(secrets))
    if (webhook !== undefined) {
      const { url, ...secrets } = webhook
      return ['webhook', JSON.stringify({ url }), sealed(secrets)]
    }
    if (nats !== undefined) {
      const { servers, stream, subject, ...secrets } = nats
      const isOpen = Object.keys(secrets).length === 0
      return ['nats', JSON.stringify({ servers, stream, subject }), isOpen ? null : sealed(secrets)]
    }
    if (file === undefined) throw new TypeError('the schema lets no target without a kind through')
    const { name, max_bytes: maxBytes, keep } = file
    return ['file', JSON.stringify({ name, maxBytes, keep }), null]
  },
  read([kind, text, sealed], sealer) {
    // Only `write` fills these columns.
    const open = JSON.parse(String(text))
    const secrets = openSecrets(sealed, sealer) ?? {}
    if (kind === 'webhook') return { webhook: { secret: null, headers: {}, ...open, ...secrets } }
    if (kind === 'nats') return { nats: { ...open, ...secrets } }
    return { file: { name: open.name, max_bytes: open.maxBytes, keep: open.keep } }
  },
}

/** Whether a sink's secrets were sealed with another key: nothing can be sent until they are given again. */
export const lockStorage: Storage<boolean> = {
  columns: ['secrets'],
  write: () => [],
  read: ([sealed], sealer) => openSecrets(sealed, sealer) === undefined,
}

/** Undefined when they were sealed with another key. Throwing here would stop every other sink too. */
function openSecrets(sealed: unknown, sealer: Sealer): object | undefined {
  try {
    return sealed === null ? {} : JSON.parse(sealer.open(String(sealed)))
  } catch {
    return undefined
  }
}

/** Host and port as `nats-server` takes clients, with or without its scheme; no credentials. */
function serverFault(text: string): string | undefined {
  const server = /^(?:(?:nats|tls):\/\/)?(?:\[[\da-fA-F:.]+\]|[\w.-]+)(?::\d{1,5})?$/
  return server.test(text) ? undefined : 'expected host:port, nats://host:port or tls://host:port'
}

/** Subjects that begin with `$` are NATS's own. */
function subjectFault(text: string): string | undefined {
  if (text.length > 255) return 'expected at most 255 characters'
  if (/^[^\s.*>$\p{Cc}][^\s.*>\p{Cc}]*(?:\.[^\s.*>\p{Cc}]+)*$/u.test(text)) return undefined
  return 'expected words with dots between them, without wildcards or blanks, not beginning with $'
}

function streamFault(text: string): string | undefined {
  return /^[^\s.*>/\\\p{Cc}]{1,255}$/u.test(text) ? undefined : 'expected the name of a stream'
}

function seedFault(text: string): string | undefined {
  return /^SU[A-Z2-7]{56}$/.test(text) ? undefined : 'expected the seed of a user, which begins with SU'
}

function fileNameFault(text: string): string | undefined {
  if (/^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/.test(text)) return undefined
  return 'expected 1 to 64 letters, digits, dots, dashes and underscores, not beginning with a dot or a dash'
}
