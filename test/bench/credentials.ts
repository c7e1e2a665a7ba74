import jsonwebtoken from 'jsonwebtoken'
import { z } from 'zod'
import { callMethod } from './rpc.ts'

/** What the tokens of both servers may do: read and write the dataset's results and what is streamed, send and run. */
const tokenLimit = [
  {
    scopes: [{ js_worker: 'worker_*' }],
    permissions: [{ js_result: { read: 'worker_*' } }, { js_result: { write: 'worker_*' } }],
  },
  {
    scopes: [{ event: 'bench.*' }],
    permissions: [{ event_log: { read: 'bench.*' } }, { event_log: { write: 'bench.*' } }],
  },
  {
    scopes: [{ service: 'bench.*' }],
    permissions: [{ service_event: { read: 'bench.*' } }, { service_event: { write: 'bench.*' } }],
  },
  { scopes: [{ sender: 'bench.*' }], permissions: [{ event: { send: 'bench.*' } }] },
  {
    scopes: [{ js_worker: 'bench_*' }],
    permissions: [{ js_worker: 'create' }, { js_worker: 'run_defined_js_worker' }],
  },
]

const subscribingTokens = 10
const dayMs = 24 * 60 * 60 * 1000
const keyAndSecret = z.object({ key: z.string(), secret: z.string() })
const issued = z.object({ jwt: z.string() })

export interface Credentials {
  /** `key:secret` of Daybook. */
  readonly token: string
  /** More of the same: what the subscriptions of one token may cost is bounded. */
  readonly subscribers: readonly string[]
  /** A JWT of Daybook. */
  readonly jwt: string
  /** A JWT of the baseline. */
  readonly baselineJwt: string
}

export interface CredentialOptions {
  readonly daybookUrl: string
  readonly superToken: string
  readonly baselineSecret: string
}

/** Creates the tokens that the load presents, all with the same permissions. */
export async function createCredentials(options: CredentialOptions): Promise<Credentials> {
  const { daybookUrl, superToken, baselineSecret } = options
  const create = async (): Promise<string> => {
    const params = { token: superToken, token_creation: { token_limit: tokenLimit } }
    const { key, secret } = keyAndSecret.parse(await callMethod(daybookUrl, 'token_create', params))
    return `${key}:${secret}`
  }
  const token = await create()
  const subscribers = await Promise.all(Array.from({ length: subscribingTokens }, create))
  const { jwt } = issued.parse(await callMethod(daybookUrl, 'token_issue', { token, ttl_ms: dayMs }))
  const claims = { limits: tokenLimit, iss: 'baseline', sub: 'baseline' }
  const baselineJwt = jsonwebtoken.sign(claims, baselineSecret, { algorithm: 'HS256', expiresIn: '1d' })
  return { token, subscribers, jwt, baselineJwt }
}
