import { randomBytes } from 'node:crypto'
import type { NewTarget } from '../../client/client.ts'
import { readSecret, type SecretFlags } from '../argument/secret-argument.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { UsageError } from '../terminal/failure.ts'

export interface TargetFlags extends SecretFlags {
  readonly script?: string
  readonly webhook?: string
  readonly remote?: true
}

export interface ReadTarget {
  readonly target: NewTarget
  /** Only of a webhook whose secret nobody gave. */
  readonly madeSecret?: string
}

/** Where a handler's work is to run. Throws UsageError unless exactly one target is named. */
export async function readTarget(flags: TargetFlags, surroundings: Surroundings): Promise<ReadTarget> {
  const { script, webhook, remote } = flags
  if ([script, webhook, remote].filter(each => each !== undefined).length !== 1) {
    throw new UsageError('say where the work runs: one of --script, --webhook and --remote')
  }
  const given = await readSecret(flags, surroundings)
  if (webhook === undefined && given !== undefined) {
    throw new UsageError('--secret-file and --secret-stdin only make sense together with --webhook')
  }
  if (script !== undefined) return { target: { kind: 'js_worker', name: script } }
  if (webhook === undefined) return { target: { kind: 'remote' } }
  if (given !== undefined) return { target: { kind: 'webhook', url: webhook, secret: given } }
  const madeSecret = `whsec_${randomBytes(32).toString('base64')}`
  return { target: { kind: 'webhook', url: webhook, secret: madeSecret }, madeSecret }
}
