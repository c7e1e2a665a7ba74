import { z } from 'zod'
import type { Runner } from '../../database/database.ts'
import { invalidInput, RpcError } from '../../errors.ts'
import { digestSecret, generateSecret } from '../../permission/credential.ts'
import { requireSuper } from '../../permission/grant.ts'
import { tokenLimitSchema } from '../../permission/limit.ts'
import { deleteToken, type TokenChange, updateToken } from '../../token/store.ts'
import { findTarget, type Target, tokenNotFound } from '../../token/target.ts'
import { credentialParam, type Method } from '../method.ts'
import { requirePassword } from './password-rule.ts'
import { defineTokenMethod, keyAndSecretSchema, type TokenDeps } from './token-method.ts'

const path = 'target_token'
const common = { token: credentialParam, target_token: z.string() }

const keptTime = z.int().nullish().describe('Epoch milliseconds; only what the token has')

/** What NodeGet's programs send with the limits. */
const keptShape = {
  version: z.literal(1).nullish(),
  username: z.string().nullish().describe('Only what the token has'),
  password: z.string().nullish().describe('Only null: token_change_password changes it'),
  timestamp_from: keptTime,
  timestamp_to: keptTime,
}

type Kept = z.output<z.ZodObject<typeof keptShape>>

/** The methods that change or end a token; when they answer, this server no longer takes what was before. */
export function changeMethods(deps: TokenDeps): readonly Method[] {
  const { database, authenticator, passwords, pepper, saveSuperToken } = deps

  async function change(runner: Runner, { token }: Target, wanted: TokenChange): Promise<void> {
    if (!(await updateToken(runner, token.id, wanted))) throw tokenNotFound(path)
  }

  const tokenEdit = defineTokenMethod({
    name: 'token_edit',
    summary: "Replaces a token's limits",
    params: { ...common, limit: tokenLimitSchema, ...keptShape },
    result: z.strictObject({ success: z.literal(true), id: z.int(), token_key: z.string() }),
    async handle({ params, caller }) {
      requireSuper(caller)
      const target = await findTarget(database, params.target_token, path)
      if (target.token.isSuper) throw invalidInput(path, 'the super token has no limits', 'super_token')
      requireKept(params, target)
      await change(database, target, { limits: params.limit })
      authenticator.forget()
      return { success: true as const, id: target.token.id, token_key: target.token.key }
    },
  })

  const tokenDelete = defineTokenMethod({
    name: 'token_delete',
    summary: 'Deletes a token; its JWTs end with it',
    params: common,
    result: z.strictObject({
      message: z.string(),
      rows_affected: z.literal(1),
      matched_by: z.enum(['token_key', 'username']),
    }),
    async handle({ params, caller }) {
      requireSuper(caller)
      const { token, matchedBy } = await findTarget(database, params.target_token, path)
      if (token.isSuper) throw superTokenStays()
      if (!(await deleteToken(database, token.id))) throw tokenNotFound(path)
      authenticator.forget()
      return {
        message: 'Token deleted successfully',
        rows_affected: 1 as const,
        matched_by: matchedBy,
      }
    },
  })

  const tokenRoll = defineTokenMethod({
    name: 'token_roll_token_secret',
    summary: 'Gives a token a new secret; the old one and its JWTs are dead at once',
    params: common,
    result: keyAndSecretSchema,
    async handle({ params, caller }) {
      requireSuper(caller)
      const target = await findTarget(database, params.target_token, path)
      const rolled = { key: target.token.key, secret: generateSecret() }
      await database.transaction(async runner => {
        await change(runner, target, { secretDigest: digestSecret(rolled.secret, pepper) })
        if (target.token.isSuper) await saveSuperToken(rolled)
      })
      authenticator.forget()
      return rolled
    },
  })

  const tokenChangePassword = defineTokenMethod({
    name: 'token_change_password',
    summary: "Changes the password of a token that has a username; the token's JWTs end",
    params: { ...common, new_password: z.string() },
    result: z.strictObject({ success: z.literal(true), message: z.string() }),
    async handle({ params, caller }) {
      requireSuper(caller)
      const target = await findTarget(database, params.target_token, path)
      if (target.token.username === null) throw invalidInput(path, 'has no username', 'no_username')
      requirePassword(params.new_password, 'new_password')
      await change(database, target, { passwordHash: await passwords.hash(params.new_password) })
      authenticator.forget()
      return { success: true as const, message: 'Password changed successfully' }
    },
  })

  return [tokenEdit, tokenDelete, tokenRoll, tokenChangePassword]
}

/** Throws RpcError 108 (`not_editable`) where `given` would change more than the limits. */
function requireKept(given: Kept, { token }: Target): void {
  const kept = { username: token.username, timestamp_from: token.validFrom, timestamp_to: token.validTo }
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
