import { z } from 'zod'
import { becauses, explain } from '../../permission/explain.ts'
import { type Identity, permissionDenied, requireSuper } from '../../permission/grant.ts'
import {
  compilePermission,
  compileScope,
  permissionSchema,
  scopeSchema,
  tokenLimitSchema,
} from '../../permission/limit.ts'
import { findTokenByKey, listTokens, type StoredToken } from '../../token/store.ts'
import { findTarget } from '../../token/target.ts'
import { credentialParam, type Method } from '../method.ts'
import { defineTokenMethod, type TokenDeps } from './token-method.ts'

const tokenInfoSchema = z
  .strictObject({
    version: z.int(),
    token_key: z.string(),
    timestamp_from: z.int().nullable(),
    timestamp_to: z.int().nullable(),
    token_limit: tokenLimitSchema,
    username: z.string().nullable(),
  })
  .meta({ title: 'token' })

function tokenInfo(token: StoredToken): z.infer<typeof tokenInfoSchema> {
  return {
    version: token.version,
    token_key: token.key,
    timestamp_from: token.validFrom,
    timestamp_to: token.validTo,
    token_limit: token.limits,
    username: token.username,
  }
}

/** The methods that only look at tokens. */
export function inspectMethods({ database }: TokenDeps): readonly Method[] {
  async function ownToken({ tokenKey }: Identity): Promise<StoredToken> {
    const token = await findTokenByKey(database, tokenKey)
    if (token === undefined) throw permissionDenied()
    return token
  }

  const tokenGet = defineTokenMethod({
    name: 'token_get',
    summary: 'Shows the token that was presented, or with supertoken the one that `token` names',
    credentialParams: ['supertoken', 'token'],
    params: { token: z.string().nullish(), supertoken: credentialParam },
    result: tokenInfoSchema,
    async handle({ params, caller }) {
      if (params.supertoken === undefined) return tokenInfo(await ownToken(caller))
      requireSuper(caller)
      const { token } = await findTarget(database, params.token ?? '', 'token')
      return tokenInfo(token)
    },
  })

  const tokenList = defineTokenMethod({
    name: 'token_list_all_tokens',
    summary: 'Shows every token, oldest first',
    params: { token: credentialParam },
    result: z.strictObject({ tokens: z.array(tokenInfoSchema) }),
    async handle({ caller }) {
      requireSuper(caller)
      const tokens = await listTokens(database)
      return { tokens: tokens.map(tokenInfo) }
    },
  })

  const tokenExplain = defineTokenMethod({
    name: 'token_explain',
    summary: 'Says whether the presented token may do something, and which of its limits allows it',
    params: { token: credentialParam, scope: scopeSchema, permission: permissionSchema },
    result: z.strictObject({
      allowed: z.boolean(),
      limit_index: z.int().nullable(),
      because: z.enum(becauses),
    }),
    async handle({ params, caller }) {
      return explain(caller, compileScope(params.scope), compilePermission(params.permission))
    },
  })

  return [tokenGet, tokenList, tokenExplain]
}
