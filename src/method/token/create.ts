import { z } from 'zod'
import { invalidInput, RpcError } from '../../errors.ts'
import { digestSecret, generateKey, generateSecret } from '../../permission/credential.ts'
import { requireSuper } from '../../permission/grant.ts'
import { insertToken } from '../../token/store.ts'
import { latestTime, tokenParams } from '../../token/token.ts'
import { actorOf, credentialParam, type Method } from '../method.ts'
import { requirePassword } from './password-rule.ts'
import { defineTokenMethod, keyAndSecretSchema, type TokenDeps, told } from './token-method.ts'

const tokenCreationSchema = z.strictObject(tokenParams).superRefine(({ username, password }, context) => {
  if ((username === null) === (password === null)) return
  const path = [password === null ? 'password' : 'username']
  context.addIssue({ code: 'custom', path, message: 'username and password are only given together' })
})

type TokenCreation = z.infer<typeof tokenCreationSchema>

export function createMethods(deps: TokenDeps): readonly Method[] {
  const { database, authenticator, passwords, pepper } = deps

  async function hashPassword(password: string | null): Promise<string | null> {
    if (password === null) return null
    requirePassword(password, 'token_creation.password')
    return passwords.hash(password)
  }

  const tokenCreate = defineTokenMethod({
    name: 'token_create',
    isAudited: true,
    summary: 'Creates a token; only this answer shows its secret',
    credentialParams: ['token', 'father_token'],
    params: {
      token: credentialParam,
      token_creation: tokenCreationSchema,
      father_token: credentialParam,
    },
    result: keyAndSecretSchema,
    async handle(call) {
      const { token_creation } = call.params
      requireSuper(call.caller)
      requirePeriod(token_creation)
      const { password, version: _, ...wanted } = token_creation
      const password_hash = await hashPassword(password)
      const key = generateKey()
      const secret = generateSecret()
      const by = actorOf('token_create', call)
      await database.transaction(async runner => {
        const isCreated = await insertToken(runner, {
          ...wanted,
          token_key: key,
          secret_digest: digestSecret(secret, pepper),
          password_hash,
          is_super: false,
        })
        if (!isCreated) throw usernameTaken()
        await told(deps, runner, { by, target: key })
      })
      authenticator.forget()
      return { key, secret }
    },
  })
  return [tokenCreate]
}

function requirePeriod({ timestamp_from, timestamp_to }: TokenCreation): void {
  if ((timestamp_from ?? 0) <= (timestamp_to ?? latestTime)) return
  throw invalidInput('token_creation.timestamp_to', 'is before timestamp_from', 'reversed_period')
}

function usernameTaken(): RpcError {
  const path = 'token_creation.username'
  return new RpcError('username_taken', 'The username is taken', { path })
}
