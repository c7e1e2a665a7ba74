import type { Database } from '../../src/database/database.ts'
import { invoke } from '../../src/method/invoke.ts'
import { type TokenDeps, tokenMethods } from '../../src/method/token.ts'
import type { KeyAndSecret } from '../../src/permission/credential.ts'
import { createJwts } from '../../src/permission/jwt.ts'
import type { TokenLimit } from '../../src/permission/limit.ts'
import { createPasswords } from '../../src/permission/password.ts'
import { type Authenticator, createAuthenticator } from '../../src/token/authenticator.ts'
import { ensureSuperToken } from '../../src/token/first-start.ts'

const pepper = 'p'.repeat(32)
const jwtSecret = 'j'.repeat(32)

export interface TestClock {
  (): number
  advance(ms: number): void
}

function createTestClock(): TestClock {
  let now = Date.UTC(2026, 0, 1)
  const advance = (ms: number) => {
    now += ms
  }
  return Object.assign(() => now, { advance })
}

/** What one server does with tokens: its authenticator and its methods, on a clock of its own. */
export interface TestTokens {
  readonly clock: TestClock
  readonly authenticator: Authenticator
  /** The super token's credential. */
  readonly root: string
  /** How many passwords were checked so far. */
  readonly verified: () => number
  /** For each look into the memory of credentials whether it was a hit. */
  readonly lookups: readonly boolean[]
  /** For each credential that was not taken its kind and the reason. */
  readonly refused: readonly string[]
  /** What the server would have written to the token file. */
  readonly saved: readonly KeyAndSecret[]
  /** Calls a method with parameters by name; `token` in them is the credential. */
  call(name: string, params: Readonly<Record<string, unknown>>, bearer?: string): Promise<unknown>
  /** Creates a token with these limits, answers its credential. */
  create(
    limits?: TokenLimit,
    rest?: Readonly<Record<string, unknown>>,
  ): Promise<KeyAndSecret & { credential: string }>
}

/** Starts on an empty database, or with the `root` of another server on the same one. */
export async function startTokens(
  database: Database,
  options: { readonly root?: string; readonly pollMs?: number } = {},
): Promise<TestTokens> {
  const clock = createTestClock()
  const jwts = createJwts({ secret: jwtSecret, issuer: 'daybook', clock })
  const cheap = createPasswords({ clock, cost: { N: 1024, r: 8, p: 1 } })
  let verified = 0
  const passwords: typeof cheap = {
    ...cheap,
    check(login) {
      verified++
      return cheap.check(login)
    },
  }
  const { pollMs = 500 } = options
  const lookups: boolean[] = []
  const refused: string[] = []
  const authenticator = await createAuthenticator({
    database,
    jwts,
    passwords,
    pepper,
    clock,
    pollMs,
    onLookup: isHit => lookups.push(isHit),
    onRefused: (kind, reason) => refused.push(`${kind} ${reason}`),
  })
  const saved: KeyAndSecret[] = []
  const saveSuperToken = async (created: KeyAndSecret) => saved.push(created)
  const { created } = await ensureSuperToken({ database, pepper, save: saveSuperToken })
  const root = created ? credentialOf(created) : (options.root ?? '')
  const deps: TokenDeps = {
    database,
    authenticator,
    jwts,
    passwords,
    pepper,
    clock,
    often: { note: () => undefined },
    saveSuperToken,
  }
  const methods = new Map(tokenMethods(deps).map(method => [method.name, method]))

  const call: TestTokens['call'] = async (name, params, bearer) => {
    const method = methods.get(name)
    if (method === undefined) throw new Error(`no method ${name}`)
    return invoke(method, params, { bearer, correlationId: 'test' }, authenticator.authenticate)
  }

  return {
    clock,
    authenticator,
    lookups,
    refused,
    verified: () => verified,
    root,
    saved,
    call,
    async create(limits = [], rest = {}) {
      const token_creation = { token_limit: limits, ...rest }
      const made = (await call('token_create', { token: root, token_creation })) as KeyAndSecret
      return { ...made, credential: credentialOf(made) }
    },
  }
}

export function credentialOf({ key, secret }: KeyAndSecret): string {
  return `${key}:${secret}`
}

/** Matches an RpcError with this code and reason. */
export function fault(code: number, reason: string, path?: string): object {
  return { code, data: path === undefined ? { reason } : { reason, path } }
}
