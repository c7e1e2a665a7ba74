import { z } from 'zod'
import { invalidParams, RpcError } from '../../errors.ts'
import type { Target } from '../../event/handler/handler.ts'
import { webhookSecretFault, webhookUrlFault } from '../../outbound/webhook-place.ts'
import { nameSchema } from '../../permission/name.ts'
import { textCheck } from '../../text-check.ts'

/** Where a handler's work runs, as clients write it. `allow`: the private addresses that webhooks may reach. */
export function targetSchema(allow: readonly string[]) {
  const url = z.string().superRefine(textCheck(text => webhookUrlFault(text, allow)))
  const secret = z.string().superRefine(textCheck(webhookSecretFault))
  return z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('js_worker'), name: nameSchema }),
    z.strictObject({
      kind: z.literal('webhook'),
      url,
      secret: secret.optional().describe('whsec_ and base64; left out of a change: stays as it is'),
    }),
    z.strictObject({ kind: z.literal('remote') }),
    z.strictObject({ kind: z.literal('local') }),
  ])
}

export type WireTarget = z.output<ReturnType<typeof targetSchema>>

/** What is shown of a target; a secret never is. */
export const shownTargetSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('js_worker'), name: z.string() }),
  z.strictObject({ kind: z.literal('webhook'), url: z.string(), secret: z.literal('***') }),
  z.strictObject({ kind: z.literal('remote') }),
  z.strictObject({ kind: z.literal('local') }),
])

export function showTarget(target: Target): z.infer<typeof shownTargetSchema> {
  if (target.kind !== 'webhook') return target
  return { kind: 'webhook', url: target.url, secret: '***' }
}

/** The last secret stays valid beside a new one, so that a receiver can change over in its own time. */
const keptSecrets = 2

/** The handler whose target changes, and whether nobody but the caller has made it. */
export interface Replaced {
  readonly before: { readonly target: Target }
  readonly isOwn: boolean
}

/**
 * The target that `wanted` asks for, in place of one where there is one. The secrets of a webhook stay with its URL and
 * with who made it: another caller who sends to another URL must give one. Throws RpcError -32602 (`target.secret`) for a webhook
 * without a secret where none is stored, and 108 (reason `local_handler_unknown`) for a local one that is not here.
 */
export function changeTarget(wanted: WireTarget, replaced: Replaced | undefined, isLocal: boolean): Target {
  if (wanted.kind === 'local' && !isLocal) throw localHandlerUnknown()
  if (wanted.kind !== 'webhook') return wanted
  const before = replaced?.before.target
  const isKept = before?.kind === 'webhook' && (replaced?.isOwn || before.url === wanted.url)
  const stored = isKept ? before.secrets : undefined
  return { kind: 'webhook', url: wanted.url, secrets: changeSecrets(wanted.secret, stored) }
}

function changeSecrets(wanted: string | undefined, stored: readonly string[] | undefined): readonly string[] {
  if (wanted === undefined) {
    if (stored === undefined) throw invalidParams('target.secret', 'expected a secret')
    return stored
  }
  // The same secret once more must not push out the one before it.
  if (stored !== undefined && stored[0] === wanted) return stored
  return [wanted, ...(stored ?? []).filter(secret => secret !== wanted)].slice(0, keptSecrets)
}

function localHandlerUnknown(): RpcError {
  return new RpcError('local_handler_unknown', 'target: the handlers folder has no handler of this name', {
    path: 'target',
  })
}
