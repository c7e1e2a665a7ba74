import { z } from 'zod'
import { defineDefinition, type StoredOf } from '../definition/definition.ts'
import { asked, given, hidden, kept } from '../definition/field.ts'
import { json, momentOrNull, plain } from '../definition/storage.ts'
import { isAgentName } from '../permission/credential.ts'
import { type TokenLimit, tokenLimitSchema } from '../permission/limit.ts'
import { nameFault } from '../permission/name.ts'
import { textCheck } from '../text-check.ts'

/** The last millisecond of the year 9999: later times have another text form in each driver. */
export const latestTime = 253_402_300_799_999
const timeSchema = z.int().min(0).max(latestTime).nullable().default(null)

// `:` and `|` separate a name from its secret.
function usernameFault(name: string): string | undefined {
  const hasSeparator = /[:|]/.test(name) && !isAgentName(name)
  return nameFault(name) ?? (hasSeparator ? 'must not contain `:` or `|`, but in `[agent]:UUID`' : undefined)
}

/** What makes a token. */
export const tokenParams = {
  username: z.string().superRefine(textCheck(usernameFault)).nullable().default(null),
  password: z.string().nullable().default(null),
  timestamp_from: timeSchema,
  timestamp_to: timeSchema,
  version: z.literal(1).nullable().default(null),
  token_limit: tokenLimitSchema,
}

/** Who may do what. Its methods are NodeGet's, with parameters and answers of their own: see method/token. */
export const token = defineDefinition({
  noun: 'token',
  table: 'token',
  isSpecial: true,
  key: 'token_key',
  absent: 'token_not_found',
  answers: 'shown',
  methods: {},
  fields: {
    version: given(tokenParams.version, {
      storage: { write: (version: number) => [version], read: ([version]) => Number(version) },
      shown: z.int(),
    }),
    token_key: kept(z.string()),
    timestamp_from: given(tokenParams.timestamp_from, { storage: momentOrNull(), shown: z.int().nullable() }),
    timestamp_to: given(tokenParams.timestamp_to, { storage: momentOrNull(), shown: z.int().nullable() }),
    token_limit: given(tokenParams.token_limit, { storage: json<TokenLimit>() }),
    username: given(tokenParams.username, { shown: z.string().nullable() }),
    password: asked(tokenParams.password),
    id: hidden(plain<number>()),
    secret_digest: hidden(plain<Uint8Array>()),
    secret_generation: hidden(plain<number>()),
    password_hash: hidden(plain<string | null>()),
    is_super: hidden(plain<boolean>()),
  },
})

/** A token as the database keeps it; times in epoch milliseconds. */
export type StoredToken = StoredOf<typeof token>
