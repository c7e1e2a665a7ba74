import type { NewSinkTarget } from '../../client/client.ts'
import { newWebhookSecret } from '../../outbound/webhook-place.ts'
import { readJsonOrFile } from '../argument/json-argument.ts'
import { readSecret, type SecretFlags } from '../argument/secret-argument.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { UsageError } from '../terminal/failure.ts'

export interface SinkTargetFlags extends SecretFlags {
  readonly webhook?: string
  readonly unsigned?: true
  readonly headers?: string
  readonly nats?: string
  readonly subject?: string
  readonly stream?: string
  readonly user?: string
  readonly nkey?: true
  readonly file?: string
  readonly maxBytes?: number
  readonly keep?: number
}

export interface ReadSinkTarget {
  readonly target: NewSinkTarget
  /** Only of a webhook whose secret nobody gave. */
  readonly madeSecret?: string
}

/** Options that mean something only beside one of the three targets. */
const belonging = {
  webhook: ['unsigned', 'headers'],
  nats: ['subject', 'stream', 'user', 'nkey'],
  file: ['maxBytes', 'keep'],
} as const

/** Where a sink's changes are to go. Throws UsageError unless exactly one target is named, with options of its own. */
export async function readSinkTarget(
  flags: SinkTargetFlags,
  surroundings: Surroundings,
): Promise<ReadSinkTarget> {
  const kinds = (['webhook', 'nats', 'file'] as const).filter(kind => flags[kind] !== undefined)
  const [kind, second] = kinds
  if (kind === undefined || second !== undefined) {
    throw new UsageError('say where the changes go: one of --webhook, --nats and --file')
  }
  for (const [owner, names] of Object.entries(belonging)) {
    const stray = owner === kind ? undefined : names.find(name => flags[name] !== undefined)
    if (stray !== undefined)
      throw new UsageError(`${optionOf(stray)} only makes sense together with --${owner}`)
  }
  const secret = await readSecret(flags, surroundings)
  if (kind === 'webhook') return webhookTarget(flags, secret)
  if (kind === 'nats') return { target: { nats: natsTarget(flags, secret) } }
  if (secret !== undefined) throw new UsageError('a file has no secret')
  const { file: name = '', maxBytes, keep } = flags
  const sizes = {
    ...(maxBytes !== undefined && { max_bytes: maxBytes }),
    ...(keep !== undefined && { keep }),
  }
  return { target: { file: { name, ...sizes } } }
}

function optionOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`
}

async function webhookTarget(flags: SinkTargetFlags, given: string | undefined): Promise<ReadSinkTarget> {
  const { webhook: url = '', unsigned, headers } = flags
  if (unsigned === true && given !== undefined) throw new UsageError('--unsigned or a secret, not both')
  const more = headers === undefined ? {} : { headers: await readHeaders(headers) }
  if (unsigned === true) return { target: { webhook: { url, secret: null, ...more } } }
  if (given !== undefined) return { target: { webhook: { url, secret: given, ...more } } }
  const madeSecret = newWebhookSecret()
  return { target: { webhook: { url, secret: madeSecret, ...more } }, madeSecret }
}

async function readHeaders(text: string): Promise<Readonly<Record<string, string>>> {
  // The server says what is wrong with them.
  return (await readJsonOrFile(text, '--headers')) as Record<string, string>
}

type Nats = Extract<NewSinkTarget, { nats: unknown }>['nats']

function natsTarget({ nats = '', subject, stream, user, nkey }: SinkTargetFlags, secret?: string): Nats {
  if (subject === undefined) throw new UsageError('--nats needs --subject')
  if (user !== undefined && nkey === true) throw new UsageError('--user or --nkey, not both')
  if ((user !== undefined || nkey === true) && secret === undefined) {
    throw new UsageError('--user and --nkey need --secret-file or --secret-stdin')
  }
  const place = { servers: nats.split(','), subject, ...(stream !== undefined && { stream }) }
  if (secret === undefined) return place
  if (nkey === true) return { ...place, nkey: secret }
  return user === undefined ? { ...place, token: secret } : { ...place, user, password: secret }
}
