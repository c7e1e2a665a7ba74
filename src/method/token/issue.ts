import { z } from 'zod'
import { entryOfDeed } from '../../audit/entry.ts'
import { invalidInput, RpcError } from '../../errors.ts'
import { maxCredentialLength } from '../../permission/credential.ts'
import { isNarrower, permissionDenied } from '../../permission/grant.ts'
import { compileLimits, tokenLimitSchema } from '../../permission/limit.ts'
import { actorOf, credentialParam, type Method } from '../method.ts'
import { defineTokenMethod, type TokenDeps } from './token-method.ts'

const second = 1000
const day = 24 * 60 * 60 * second

export function issueMethods({ jwts, often, clock }: TokenDeps): readonly Method[] {
  const tokenIssue = defineTokenMethod({
    name: 'token_issue',
    isAudited: true,
    summary: 'Mints a short-lived JWT with the limits of the presented token, or narrower ones',
    params: {
      token: credentialParam,
      ttl_ms: z.int().min(second).max(day),
      token_limit: tokenLimitSchema.optional(),
    },
    result: z.strictObject({ jwt: z.string(), expires_at: z.int() }),
    async handle(call) {
      const { ttl_ms: ttlMs, token_limit: limits } = call.params
      const { caller } = call
      const { tokenKey, secretGeneration: generation } = caller
      // Else a JWT that leaked could be renewed for ever.
      if (generation === undefined) throw new RpcError('jwt_cannot_issue', 'A JWT cannot issue another')
      if (limits !== undefined && !isNarrower(compileLimits(limits), caller)) throw permissionDenied()
      const { jwt, expiresAt } = jwts.mint({ tokenKey, generation, limits, ttlMs })
      if (jwt.length > maxCredentialLength) {
        throw invalidInput('token_limit', 'is too long for a JWT', 'token_limit_too_long')
      }
      // Any token may, as often as it likes; nothing is changed by it.
      const deed = { by: actorOf('token_issue', call), target: tokenKey }
      often.note(tokenKey, entryOfDeed(deed, clock()))
      return { jwt, expires_at: expiresAt }
    },
  })
  return [tokenIssue]
}
