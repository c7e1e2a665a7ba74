import { readFileSync } from 'node:fs'
import {
  addressRange,
  hostName,
  listOf,
  oneOf,
  type ParseValue,
  perCore,
  publicKeyPem,
  secretOfAtLeast,
  someText,
  textMatching,
  timeZone,
  urlOf,
  webOrigin,
  wholeNumber,
} from './config-value.ts'
import { didYouMean, nearest } from './nearest.ts'
import { parseAllow } from './outbound/address.ts'
import { nameFault } from './permission/name.ts'
import { postgresUrlOf } from './postgres-env.ts'
import { isServiceLink } from './service-links.ts'

/** One variable of the environment. A secret may also come as the path of a file in `<variable>_FILE`. */
export interface Setting<T> {
  readonly variable: string
  readonly parse: ParseValue<T>
  readonly fallback: T
  readonly isSecret: boolean
  readonly description: string
}

const mebibyte = 1024 * 1024
// A body and an answer are texts, and V8's end at 512 MiB.
const maxBytes = wholeNumber(1024, 256 * mebibyte)
const milliseconds = wholeNumber(1, 24 * 60 * 60 * 1000)
const count = wholeNumber(1, 100_000)
const matchCost = wholeNumber(100, 1_000_000_000)
const none: readonly string[] = Object.freeze([])

function outboundEntry(text: string): string {
  parseAllow(text)
  return text
}

function nameText(text: string): string {
  const fault = nameFault(text)
  if (fault !== undefined) throw new Error(fault)
  return text
}

/** Everything that can be configured; the README's table is compared with it. */
export const settings = {
  databaseUrl: secret(
    'DATABASE_URL',
    urlOf('postgres', 'postgresql'),
    'PostgreSQL; without it and without PGHOST, PGlite is used',
  ),
  databaseReadUrl: secret('DATABASE_READ_URL', urlOf('postgres', 'postgresql'), 'a replica for reads'),
  databaseReadMaxLagMs: setting(
    'DATABASE_READ_MAX_LAG_MS',
    wholeNumber(100, 600_000),
    1000,
    'how far behind the replica may be to be read from',
  ),
  databaseListenUrl: secret(
    'DATABASE_LISTEN_URL',
    urlOf('postgres', 'postgresql'),
    'PostgreSQL itself, for LISTEN, where DATABASE_URL leads to a pooler',
  ),
  databasePrepare: setting(
    'DATABASE_PREPARE',
    oneOf('on', 'off'),
    'on',
    'off: no prepared statements, for poolers that lose them',
  ),
  host: setting('HOST', someText, '127.0.0.1', 'the address to listen on'),
  port: setting('PORT', wholeNumber(0, 65_535), 7411, 'the port to listen on; 0 takes a free one'),
  workers: setting(
    'DAYBOOK_WORKERS',
    perCore(64),
    1,
    'processes that serve the port, on PostgreSQL only; `auto`: one for each core',
  ),
  logLevel: setting(
    'LOG_LEVEL',
    oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    'info',
    'the least severe log line to write',
  ),
  logFormat: setting('LOG_FORMAT', oneOf('json', 'pretty'), 'json', 'pretty: log lines for people'),
  dataDir: setting('DAYBOOK_DATA', someText, '.daybook', 'the folder for PGlite and the super token'),
  superToken: secret(
    'DAYBOOK_SUPER_TOKEN',
    textMatching(/^[A-Za-z0-9]{16}:[A-Za-z0-9]{32}$/, 'key:secret, 16 and 32 letters and digits'),
    'the super token, instead of a generated one',
  ),
  jwtSecret: secret(
    'DAYBOOK_JWT_SECRET',
    secretOfAtLeast(32),
    'signs JWTs (HS256), instead of a generated one',
  ),
  jwtPublicKey: secret(
    'DAYBOOK_JWT_PUBLIC_KEY',
    publicKeyPem,
    'checks JWTs of another issuer (RS256, ES256)',
  ),
  jwtIssuer: setting('DAYBOOK_JWT_ISSUER', someText, 'daybook', 'the issuer (iss) of JWTs'),
  pepper: secret(
    'DAYBOOK_PEPPER',
    secretOfAtLeast(32),
    'mixed into stored digests, instead of a generated one',
  ),
  allowedHosts: setting(
    'DAYBOOK_ALLOWED_HOSTS',
    listOf(hostName),
    none,
    'more names the Host header may hold, or *.example.com',
  ),
  allowedOrigins: setting(
    'DAYBOOK_ALLOWED_ORIGINS',
    listOf(webOrigin),
    none,
    'web origins that may call, such as https://console.example or https://*.example',
  ),
  trustedProxies: setting(
    'DAYBOOK_TRUSTED_PROXIES',
    listOf(addressRange),
    none,
    'addresses and ranges of reverse proxies, whose `X-Forwarded-For` says who asks',
  ),
  maxConnections: setting('DAYBOOK_MAX_CONNECTIONS', count, 4096, 'connections open at once'),
  maxConnectionsPerAddress: setting(
    'DAYBOOK_MAX_CONNECTIONS_PER_ADDRESS',
    count,
    undefined,
    'connections open at once from one address, a trusted proxy excepted; else half of all',
  ),
  keepAliveMs: setting(
    'DAYBOOK_KEEP_ALIVE_MS',
    milliseconds,
    60_000,
    'how long an idle connection is kept; longer than a load balancer keeps it',
  ),
  maxBodyBytes: setting('DAYBOOK_MAX_BODY_BYTES', maxBytes, mebibyte, 'bytes of a request or message'),
  maxUnfinishedBytes: setting(
    'DAYBOOK_MAX_UNFINISHED_BYTES',
    wholeNumber(mebibyte, 16 * 1024 * mebibyte),
    64 * mebibyte,
    'bytes of all requests and messages that have not arrived whole; an address has a quarter of it',
  ),
  maxDepth: setting('DAYBOOK_MAX_DEPTH', wholeNumber(8, 1000), 64, 'nesting of a request'),
  maxBatch: setting('DAYBOOK_MAX_BATCH', count, 100, 'requests of a batch'),
  batchConcurrency: setting('DAYBOOK_BATCH_CONCURRENCY', count, 8, 'requests of a batch that run at once'),
  maxBatchAnswerBytes: setting(
    'DAYBOOK_MAX_BATCH_ANSWER_BYTES',
    maxBytes,
    10 * mebibyte,
    'bytes of the answer to a batch',
  ),
  maxAnswerBytes: setting('DAYBOOK_MAX_ANSWER_BYTES', maxBytes, 16 * mebibyte, 'bytes of one answer'),
  maxUnreadBytes: setting(
    'DAYBOOK_MAX_UNREAD_BYTES',
    wholeNumber(mebibyte, 16 * 1024 * mebibyte),
    128 * mebibyte,
    'bytes of rows in all answers that are made or wait to be read; a token has a third of it',
  ),
  maxConditions: setting('DAYBOOK_MAX_CONDITIONS', count, 32, 'conditions of a query'),
  maxSubscriptions: setting('DAYBOOK_MAX_SUBSCRIPTIONS', count, 100, 'subscriptions of a connection'),
  maxTokenMatchCost: setting(
    'DAYBOOK_MAX_TOKEN_MATCH_COST',
    matchCost,
    50_000,
    "what a token's subscriptions may cost to match, in comparisons",
  ),
  maxMatchCost: setting(
    'DAYBOOK_MAX_MATCH_COST',
    matchCost,
    200_000,
    'what all subscriptions of this server may cost to match',
  ),
  poolMax: setting(
    'DAYBOOK_POOL_MAX',
    wholeNumber(1, 1000),
    10,
    'connections to PostgreSQL, beside two for small reads and one that listens',
  ),
  statementTimeoutMs: setting('DAYBOOK_STATEMENT_TIMEOUT_MS', milliseconds, 30_000, 'longest statement'),
  partitionRows: setting(
    'DAYBOOK_PARTITION_ROWS',
    wholeNumber(100, 1_000_000_000),
    10_000_000,
    'ids to a range of a large table',
  ),
  handlersDir: setting('DAYBOOK_HANDLERS', someText, undefined, 'the folder of local event handlers'),
  timezone: setting('DAYBOOK_TIMEZONE', timeZone, 'UTC', 'the zone of schedules and of times without one'),
  sealingKey: secret(
    'DAYBOOK_SEALING_KEY',
    secretOfAtLeast(32),
    'seals stored secrets of webhooks and scripts, instead of a generated one',
  ),
  outboundAllow: setting(
    'DAYBOOK_OUTBOUND_ALLOW',
    listOf(outboundEntry),
    none,
    'hosts, addresses and ranges that webhooks and scripts may reach although they are private',
  ),
  maxRuns: setting('DAYBOOK_MAX_RUNS', count, 100, 'event handlers that run at once on this server'),
  scriptThreads: setting(
    'DAYBOOK_SCRIPT_THREADS',
    wholeNumber(1, 256),
    4,
    'scripts that compute at once on this server',
  ),
  scriptRuns: setting(
    'DAYBOOK_SCRIPT_RUNS',
    wholeNumber(1, 1000),
    24,
    'scripts under way at once, those included that wait for something; each takes 12 to 20 MB and its heap',
  ),
  routeRate: setting(
    'DAYBOOK_ROUTE_RATE',
    count,
    50,
    'requests a second that one address may make of the routes of scripts; twice as many at once after a pause',
  ),
  leaseMs: setting(
    'DAYBOOK_LEASE_MS',
    wholeNumber(1000, 600_000),
    15_000,
    'how long a server that fell silent keeps its runs',
  ),
  drainMs: setting('DAYBOOK_DRAIN_MS', milliseconds, 30_000, 'how long a stop waits for running requests'),
  streamKeepMs: setting(
    'DAYBOOK_STREAM_KEEP_MS',
    wholeNumber(60_000, 366 * 24 * 60 * 60 * 1000),
    3 * 24 * 60 * 60 * 1000,
    'how far back subscribers of records may resume',
  ),
  sinkKeepMs: setting(
    'DAYBOOK_SINK_KEEP_MS',
    wholeNumber(60_000, 366 * 24 * 60 * 60 * 1000),
    7 * 24 * 60 * 60 * 1000,
    'how long changes are kept for a sink that has not delivered them',
  ),
  changeEventKeepMs: setting(
    'DAYBOOK_CHANGE_EVENT_KEEP_MS',
    wholeNumber(60_000, 36_600 * 24 * 60 * 60 * 1000),
    7 * 24 * 60 * 60 * 1000,
    'how long change events are kept that Daybook writes itself, and machines that say nothing',
  ),
  machineName: setting(
    'DAYBOOK_MACHINE_NAME',
    nameText,
    undefined,
    'the name of this server among the machines; else its host name and port',
  ),
  url: setting('DAYBOOK_URL', urlOf('http', 'https'), undefined, 'the server that the commands speak to'),
  profile: setting('DAYBOOK_PROFILE', someText, undefined, 'the profile that the commands use'),
  token: secret('DAYBOOK_TOKEN', someText, 'the credential that the commands present'),
} as const satisfies Record<string, Setting<unknown>>

type Settings = typeof settings

/** What the server and the commands run with: checked, complete and frozen. */
export type Config = {
  readonly [Name in keyof Settings]: Settings[Name] extends Setting<infer T> ? T : never
}

export type SettingName = keyof Settings

export interface ConfigSource {
  /** The process's environment. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Text given on the command line; it wins over the environment. */
  readonly flags?: Readonly<Partial<Record<SettingName, string | undefined>>>
}

/** Every fault of the configuration, e.g. `PORT: expected a whole number from 0 to 65535`. Never holds a value. */
export class ConfigError extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(`the configuration has faults:\n${faults.map(fault => `  ${fault}`).join('\n')}`)
    this.name = 'ConfigError'
    this.faults = faults
  }
}

/**
 * The only reader of the environment: flags over environment over defaults; an empty variable counts as unset.
 * Throws ConfigError with all faults, unknown `DAYBOOK_*` variables included, but for those that Kubernetes sets.
 */
export function readConfig(source: ConfigSource): Config {
  const faults = unknownVariables(source.env).map(name => `${name}: no such setting${meantVariable(name)}`)
  const entries = Object.entries(settings).map(([name, setting]) => {
    try {
      const text = textOf(name as SettingName, source)
      return [name, text === undefined ? setting.fallback : setting.parse(text)]
    } catch (error) {
      faults.push(`${setting.variable}: ${error instanceof Error ? error.message : 'cannot be read'}`)
      return [name, undefined]
    }
  })
  const given = Object.fromEntries(entries) as Config
  const config = Object.freeze({ ...given, databaseUrl: given.databaseUrl ?? environmentUrl(source, faults) })
  for (const name of ['databaseReadUrl', 'databaseListenUrl'] as const) {
    if (config[name] !== undefined && config.databaseUrl === undefined) {
      faults.push(`${settings[name].variable}: needs DATABASE_URL or PGHOST as well`)
    }
  }
  if (config.workers > 1 && config.databaseUrl === undefined) {
    faults.push('DAYBOOK_WORKERS: the embedded database belongs to one process: needs DATABASE_URL or PGHOST')
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return config
}

function environmentUrl({ env }: ConfigSource, faults: string[]): string | undefined {
  try {
    return postgresUrlOf(env)
  } catch (error) {
    faults.push(error instanceof Error ? error.message : String(error))
    return undefined
  }
}

function textOf(name: SettingName, { env, flags }: ConfigSource): string | undefined {
  const { variable, isSecret } = settings[name]
  const flag = flags?.[name]
  if (flag !== undefined) return flag
  const text = env[variable] || undefined
  const file = isSecret ? env[`${variable}_FILE`] || undefined : undefined
  if (file === undefined) return text
  if (text !== undefined) throw new Error(`given twice, also as ${variable}_FILE`)
  return readSecretFile(file)
}

function readSecretFile(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${error.code})` : ''
    throw new Error(`its file cannot be read${code}`)
  }
}

const knownVariables: ReadonlySet<string> = new Set(
  Object.values(settings).flatMap(({ variable, isSecret }) =>
    isSecret ? [variable, `${variable}_FILE`] : [variable],
  ),
)

const prefix = 'DAYBOOK_'
const bareNames = new Map([...knownVariables].map(name => [name.replace(prefix, ''), name]))

/** Compared without the prefix, which would make them all near to each other. */
function meantVariable(name: string): string {
  const found = nearest(name.replace(prefix, ''), bareNames.keys())
  return didYouMean(found && bareNames.get(found))
}

function unknownVariables(env: ConfigSource['env']): string[] {
  return Object.keys(env).filter(
    name => name.startsWith(prefix) && !knownVariables.has(name) && !isServiceLink(name, env[name] ?? ''),
  )
}

function setting<T, F extends T | undefined>(
  variable: string,
  parse: ParseValue<T>,
  fallback: F,
  description: string,
): Setting<T | F> {
  return { variable, parse, fallback, isSecret: false, description }
}

function secret(
  variable: string,
  parse: ParseValue<string>,
  description: string,
): Setting<string | undefined> {
  return { variable, parse, fallback: undefined, isSecret: true, description }
}
