import { z } from 'zod'
import { invalidInput, RpcError } from '../../errors.ts'
import { digestSecret, generateKey, generateSecret, isAgentName } from '../../permission/credential.ts'
import { requireSuper } from '../../permission/grant.ts'
import { tokenLimitSchema } from '../../permission/limit.ts'
import { nameFault } from '../../permission/name.ts'
import { textCheck } from '../../text-check.ts'
import { insertToken } from '../../token/store.ts'
import { credentialParam, type Method } from '../method.ts'
import { requirePassword } from './password-rule.ts'
import { defineTokenMethod, keyAndSecretSchema, type TokenDeps } from './token-method.ts'

/** The last millisecond of the year 9999: later times have another text form in each driver. */
const latestTime = 253_402_300_799_999
const timeSchema = z.int().min(0).max(latestTime)

const usernameSchema = z.string().superRefine(textCheck(usernameFault))

// `:` and `|` separate a name from its secret.
function usernameFault(name: string): string | undefined {
  const hasSeparator = /[:|]/.test(name) && !isAgentName(name)
  return nameFault(name) ?? (hasSeparator ? 'must not contain `:` or `|`, but in `[agent]:UUID`' : undefined)
}

const tokenCreationSchema = z
  .strictObject({
    username: usernameSchema.nullish(),
    password: z.string().nullish(),
    timestamp_from: timeSchema.nullish(),
    timestamp_to: timeSchema.nullish(),
    version: z.literal(1).nullish(),
    token_limit: tokenLimitSchema,
  })
  .superRefine(({ username, password }, context) => {
    if (isGiven(username) === isGiven(password)) return
    const path = [isGiven(username) ? 'password' : 'username']
    context.addIssue({ code: 'custom', path, message: 'username and password are only given together' })
  })

type TokenCreation = z.infer<typeof tokenCreationSchema>

function isGiven(value: string | null | undefined): boolean {
  return value !== undefined && value !== null
}

export function createMethods({ database, authenticator, passwords, pepper }: TokenDeps): readonly Method[] {
  async function hashPassword(password: string | null): Promise<string | null> {
    if (password === null) return null
    requirePassword(password, 'token_creation.password')
    return passwords.hash(password)
  }

  const tokenCreate = defineTokenMethod({
    name: 'token_create',
    summary: 'Creates a token; its secret is told only here',
    credentialParams: ['token', 'father_token'],
    params: {
      token: credentialParam,
      token_creation: tokenCreationSchema,
      father_token: credentialParam,
    },
    result: keyAndSecretSchema,
    async handle({ params: { token_creation: wanted }, caller }) {
      requireSuper(caller)
      requirePeriod(wanted)
      const passwordHash = await hashPassword(wanted.password ?? null)
      const key = generateKey()
      const secret = generateSecret()
      const isCreated = await insertToken(database, {
        key,
        secretDigest: digestSecret(secret, pepper),
        username: wanted.username ?? null,
        passwordHash,
        validFrom: wanted.timestamp_from ?? null,
        validTo: wanted.timestamp_to ?? null,
        limits: wanted.token_limit,
        isSuper: false,
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
