import { z } from 'zod'
import { invalidInput, RpcError } from '../../errors.ts'
import { digestSecret, generateKey, generateSecret } from '../../permission/credential.ts'
import { requireSuper } from '../../permission/grant.ts'
import { insertToken } from '../../token/store.ts'
import { latestTime, tokenParams } from '../../token/token.ts'
import { credentialParam, type Method } from '../method.ts'
import { requirePassword } from './password-rule.ts'
import { defineTokenMethod, keyAndSecretSchema, type TokenDeps } from './token-method.ts'

const tokenCreationSchema = z.strictObject(tokenParams).superRefine(({ username, password }, context) => {
  if ((username === null) === (password === null)) return
  const path = [password === null ? 'password' : 'username']
  context.addIssue({ code: 'custom', path, message: 'username and password are only given together' })
})

type TokenCreation = z.infer<typeof tokenCreationSchema>

export function createMethods({ database, authenticator, passwords, pepper }: TokenDeps): readonly Method[] {
  async function hashPassword(password: string | null): Promise<string | null> {
    if (password === null) return null
    requirePassword(password, 'token_creation.password')
    return passwords.hash(password)
  }

  const tokenCreate = defineTokenMethod({
    name: 'token_create',
    summary: 'Creates a token; only this answer shows its secret',
    credentialParams: ['token', 'father_token'],
    params: {
      token: credentialParam,
      token_creation: tokenCreationSchema,
      father_token: credentialParam,
    },
    result: keyAndSecretSchema,
    async handle({ params: { token_creation }, caller }) {
      requireSuper(caller)
      requirePeriod(token_creation)
      const { password, version: _, ...wanted } = token_creation
      const password_hash = await hashPassword(password)
      const key = generateKey()
      const secret = generateSecret()
      const isCreated = await insertToken(database, {
        ...wanted,
        token_key: key,
        secret_digest: digestSecret(secret, pepper),
        password_hash,
        is_super: false,
      })
      if (!isCreated) throw usernameTaken()
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
