import { z } from 'zod'
import { shownSchema } from '../../definition/definition.ts'
import { becauses, explain } from '../../permission/explain.ts'
import { type Identity, permissionDenied, requireSuper } from '../../permission/grant.ts'
import {
  compileLimits,
  compilePermission,
  compileScope,
  permissionSchema,
  scopeSchema,
} from '../../permission/limit.ts'
import { findNamedToken, findTokenByKey, listTokens } from '../../token/store.ts'
import { type StoredToken, token } from '../../token/token.ts'
import { showOf } from '../definition.ts'
import { credentialParam, type Method } from '../method.ts'
import { defineTokenMethod, type TokenDeps } from './token-method.ts'

const tokenSchema = shownSchema(token)

/** The methods that only look at tokens. */
export function inspectMethods({ database }: TokenDeps): readonly Method[] {
  async function ownToken({ tokenKey }: Identity): Promise<StoredToken> {
    const own = await findTokenByKey(database, tokenKey)
    if (own === undefined) throw permissionDenied()
    return own
  }

  async function namedToken(target: string): Promise<Pick<Identity, 'isSuper' | 'limits'>> {
    const { token } = await findNamedToken(database, target, 'target_token')
    return { isSuper: token.is_super, limits: [compileLimits(token.token_limit)] }
  }

  const tokenGet = defineTokenMethod({
    name: 'token_get',
    summary: 'Shows the token that was presented, or with supertoken the one that `token` names',
    credentialParams: ['supertoken', 'token'],
    params: { token: z.string().nullish(), supertoken: credentialParam },
    result: tokenSchema,
    async handle({ params, caller }) {
      if (params.supertoken === undefined) return showOf(token, await ownToken(caller))
      requireSuper(caller)
      const named = await findNamedToken(database, params.token ?? '', 'token')
      return showOf(token, named.token)
    },
  })

  const tokenList = defineTokenMethod({
    name: 'token_list_all_tokens',
    summary: 'Shows every token, oldest first',
    params: { token: credentialParam },
    result: z.strictObject({ tokens: z.array(tokenSchema) }),
    async handle({ caller }) {
      requireSuper(caller)
      const tokens = await listTokens(database)
      return { tokens: tokens.map(each => showOf(token, each)) }
    },
  })

  const tokenExplain = defineTokenMethod({
    name: 'token_explain',
    summary:
      'Says whether the presented token, or another one, may do something, and which of its limits allows it',
    params: {
      token: credentialParam,
      scope: scopeSchema,
      permission: permissionSchema,
      target_token: z.string().optional().describe('Another token, for the super token to ask about'),
    },
    result: z.strictObject({
      allowed: z.boolean(),
      limit_index: z.int().nullable(),
      because: z.enum(becauses),
    }),
    async handle({ params, caller }) {
      const { target_token: target } = params
      if (target !== undefined) requireSuper(caller)
      const asked = target === undefined ? caller : await namedToken(target)
      return explain(asked, compileScope(params.scope), compilePermission(params.permission))
    },
  })

  return [tokenGet, tokenList, tokenExplain]
}
