import { z } from 'zod'
import type { Runner } from '../../database/database.ts'
import { invalidInput, RpcError } from '../../errors.ts'
import { digestSecret, generateSecret } from '../../permission/credential.ts'
import { requireSuper } from '../../permission/grant.ts'
import { tokenLimitSchema } from '../../permission/limit.ts'
import {
  deleteToken,
  findNamedToken,
  type TokenChange,
  tokenNotFound,
  updateToken,
} from '../../token/store.ts'
import type { StoredToken } from '../../token/token.ts'
import { actorOf, credentialParam, type Method } from '../method.ts'
import { requirePassword } from './password-rule.ts'
import { defineTokenMethod, keyAndSecretSchema, type TokenDeps, told } from './token-method.ts'

const path = 'target_token'
const common = { token: credentialParam, target_token: z.string() }

const keptTime = z.int().nullish().describe('Epoch milliseconds; only the value that the token has')

/** What NodeGet's programs send with the limits. */
const keptShape = {
  version: z.literal(1).nullish(),
  username: z.string().nullish().describe('Only the value that the token has'),
  password: z.string().nullish().describe('Only null: token_change_password changes it'),
  timestamp_from: keptTime,
  timestamp_to: keptTime,
}

type Kept = z.output<z.ZodObject<typeof keptShape>>

async function change(runner: Pick<Runner, 'run'>, { token_key }: StoredToken, wanted: TokenChange) {
  if (!(await updateToken(runner, token_key, wanted))) throw tokenNotFound(path)
}

/** The methods that change or end a token; when they answer, this server no longer takes what was before. */
export function changeMethods(deps: TokenDeps): readonly Method[] {
  return [...limitMethods(deps), ...secretMethods(deps)]
}

function limitMethods(deps: TokenDeps): readonly Method[] {
  const { database, authenticator } = deps

  const tokenEdit = defineTokenMethod({
    name: 'token_edit',
    isAudited: true,
    summary: "Replaces a token's limits",
    params: { ...common, limit: tokenLimitSchema, ...keptShape },
    result: z.strictObject({ success: z.literal(true), id: z.int(), token_key: z.string() }),
    async handle(call) {
      const { params } = call
      requireSuper(call.caller)
      const { token } = await findNamedToken(database, params.target_token, path)
      if (token.is_super) throw invalidInput(path, 'the super token has no limits', 'super_token')
      requireKept(params, token)
      const by = actorOf('token_edit', call)
      await database.transaction(async runner => {
        await change(runner, token, { token_limit: params.limit })
        await told(deps, runner, { by, target: token.token_key, members: ['token_limit'] })
      })
      authenticator.forget()
      return { success: true as const, id: token.id, token_key: token.token_key }
    },
  })

  const tokenDelete = defineTokenMethod({
    name: 'token_delete',
    isAudited: true,
    summary: 'Deletes a token, and its JWTs with it',
    params: common,
    result: z.strictObject({
      message: z.string(),
      rows_affected: z.literal(1),
      matched_by: z.enum(['token_key', 'username']),
    }),
    async handle(call) {
      requireSuper(call.caller)
      const { token, matchedBy } = await findNamedToken(database, call.params.target_token, path)
      if (token.is_super) throw superTokenStays()
      const by = actorOf('token_delete', call)
      await database.transaction(async runner => {
        if (!(await deleteToken(runner, token.token_key))) throw tokenNotFound(path)
        await told(deps, runner, { by, target: token.token_key })
      })
      authenticator.forget()
      return {
        message: 'Token deleted successfully',
        rows_affected: 1 as const,
        matched_by: matchedBy,
      }
    },
  })

  return [tokenEdit, tokenDelete]
}

function secretMethods(deps: TokenDeps): readonly Method[] {
  const { database, authenticator, passwords, pepper, saveSuperToken } = deps

  const tokenRoll = defineTokenMethod({
    name: 'token_roll_token_secret',
    isAudited: true,
    summary: 'Gives a token a new secret; the old one and its JWTs stop working at once',
    params: common,
    result: keyAndSecretSchema,
    async handle(call) {
      requireSuper(call.caller)
      const { token } = await findNamedToken(database, call.params.target_token, path)
      const by = actorOf('token_roll_token_secret', call)
      const rolled = { key: token.token_key, secret: generateSecret() }
      await database.transaction(async runner => {
        await change(runner, token, { secret_digest: digestSecret(rolled.secret, pepper) })
        await told(deps, runner, { by, target: token.token_key, members: ['secret'] })
        if (token.is_super) await saveSuperToken(rolled)
      })
      authenticator.forget()
      return rolled
    },
  })

  const tokenChangePassword = defineTokenMethod({
    name: 'token_change_password',
    isAudited: true,
    summary: "Changes the password of a token that has a username; the token's JWTs stop working",
    params: { ...common, new_password: z.string() },
    result: z.strictObject({ success: z.literal(true), message: z.string() }),
    async handle(call) {
      const { params } = call
      requireSuper(call.caller)
      const { token } = await findNamedToken(database, params.target_token, path)
      if (token.username === null) throw invalidInput(path, 'has no username', 'no_username')
      requirePassword(params.new_password, 'new_password')
      const password_hash = await passwords.hash(params.new_password)
      const by = actorOf('token_change_password', call)
      await database.transaction(async runner => {
        await change(runner, token, { password_hash })
        await told(deps, runner, { by, target: token.token_key, members: ['password'] })
      })
      authenticator.forget()
      return { success: true as const, message: 'Password changed successfully' }
    },
  })

  return [tokenRoll, tokenChangePassword]
}

/** Throws RpcError 108 (`not_editable`) where `given` would change more than the limits. */
function requireKept(given: Kept, kept: StoredToken): void {
  for (const name of ['username', 'timestamp_from', 'timestamp_to'] as const) {
    const value = given[name]
    if (value !== undefined && value !== kept[name]) {
      throw invalidInput(name, 'token_edit changes the limits only', 'not_editable')
    }
  }
  if (given.password === undefined || given.password === null) return
  throw invalidInput('password', 'token_change_password changes the password', 'not_editable')
}

function superTokenStays(): RpcError {
  return new RpcError('super_token', 'The super token cannot be deleted', { path })
}
