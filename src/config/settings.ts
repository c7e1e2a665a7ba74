import { z } from 'zod'
import { nameSchema } from '../permission/name.ts'
import {
  addressRange,
  hostName,
  listOf,
  oneOf,
  outboundEntry,
  perCore,
  publicKeyPem,
  secretOfAtLeast,
  someText,
  type TextSchema,
  timeZone,
  urlOf,
  webOrigin,
  wholeNumber,
} from './value.ts'

/** What is known of one variable of the environment. */
export interface Setting<T> {
  /** Reads the variable's text; gives the default for undefined. */
  readonly schema: z.ZodType<T, string | undefined>
  /** The texts that are taken, e.g. `a whole number from 0 to 65535`. */
  readonly takes: string
  /** A secret may also come from the file whose path is in `<variable>_FILE`. */
  readonly isSecret: boolean
  /** What it is for, in Markdown. */
  readonly summary: string
}

const mebibyte = 1024 * 1024
const dayMs = 24 * 60 * 60 * 1000
const count = wholeNumber(1, 100_000)
const milliseconds = wholeNumber(1, dayMs)
const keepMs = wholeNumber(60_000, 366 * dayMs)
const matchCost = wholeNumber(100, 1_000_000_000)
// A body and an answer are texts, and V8's end at 512 MiB.
const textBytes = wholeNumber(1024, 256 * mebibyte)
const sharedBytes = wholeNumber(mebibyte, 16 * 1024 * mebibyte)
const postgresUrl = urlOf('postgres', 'postgresql')
const secret32 = secretOfAtLeast(32)
const superToken = z
  .string()
  .regex(/^[A-Za-z0-9]{16}:[A-Za-z0-9]{32}$/)
  .describe('key:secret, 16 and 32 letters and digits')

/**
 * Everything that can be configured, by its variable. The parsing, the options of commands and docs/configuration.md
 * follow from it.
 */
export const settings = {
  DATABASE_URL: secret(postgresUrl, 'PostgreSQL; without it and `PGHOST`, PGlite is used'),
  DATABASE_READ_URL: secret(postgresUrl, 'a replica for reads'),
  DATABASE_READ_MAX_LAG_MS: setting(
    wholeNumber(100, 600_000).default(1000),
    'how far the replica may lag behind and still be read',
  ),
  DATABASE_LISTEN_URL: secret(
    postgresUrl,
    'PostgreSQL itself, for LISTEN, where `DATABASE_URL` leads to a pooler',
  ),
  DATABASE_PREPARE: setting(
    oneOf('on', 'off').default('on'),
    '`off`: no prepared statements, for poolers that lose them',
  ),
  HOST: setting(someText.default('127.0.0.1'), 'the address to listen on'),
  PORT: setting(wholeNumber(0, 65_535).default(7411), 'the port to listen on; 0 takes a free one'),
  DAYBOOK_WORKERS: setting(
    perCore(64).default(1),
    'processes that serve the port, on PostgreSQL only; `auto`: one for each core',
  ),
  LOG_LEVEL: setting(
    oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent').default('info'),
    'the least severe log line to write',
  ),
  LOG_FORMAT: setting(oneOf('json', 'pretty').default('json'), '`pretty`: for people to read'),
  DAYBOOK_DATA: setting(someText.default('.daybook'), 'the folder for PGlite and the super token'),
  DAYBOOK_SUPER_TOKEN: secret(superToken, 'the super token, instead of a generated one'),
  DAYBOOK_JWT_SECRET: secret(secret32, 'signs JWTs (HS256), instead of a generated one'),
  DAYBOOK_JWT_PUBLIC_KEY: secret(
    publicKeyPem,
    'checks JWTs of another issuer (RS256, ES256): PEM, also with `\\n` for line ends or without its BEGIN and END lines',
  ),
  DAYBOOK_JWT_ISSUER: setting(someText.default('daybook'), 'the issuer (iss) of JWTs'),
  DAYBOOK_PEPPER: secret(secret32, 'mixed into stored digests, instead of a generated one'),
  DAYBOOK_ALLOWED_HOSTS: setting(
    listOf(hostName),
    'more names that the Host header may hold, or `*.example.com`',
  ),
  DAYBOOK_ALLOWED_ORIGINS: setting(
    listOf(webOrigin),
    'web origins that may call, such as `https://console.example` or `https://*.example`',
  ),
  DAYBOOK_TRUSTED_PROXIES: setting(
    listOf(addressRange),
    'addresses and ranges of reverse proxies, whose `X-Forwarded-For` says who asks',
  ),
  DAYBOOK_MAX_CONNECTIONS: setting(count.default(4096), 'connections open at once'),
  DAYBOOK_MAX_CONNECTIONS_PER_ADDRESS: setting(
    count.optional(),
    'connections open at once from one address, except a trusted proxy; half of all unless set',
  ),
  DAYBOOK_KEEP_ALIVE_MS: setting(
    milliseconds.default(60_000),
    'how long an idle connection is kept; must be longer than a load balancer keeps it',
  ),
  DAYBOOK_MAX_BODY_BYTES: setting(textBytes.default(mebibyte), 'bytes of a request or message'),
  DAYBOOK_MAX_UNFINISHED_BYTES: setting(
    sharedBytes.default(64 * mebibyte),
    'bytes of all requests and messages that are still arriving; one address may have a quarter of it',
  ),
  DAYBOOK_MAX_DEPTH: setting(wholeNumber(8, 1000).default(64), 'nesting of a request'),
  DAYBOOK_MAX_BATCH: setting(count.default(100), 'requests of a batch'),
  DAYBOOK_BATCH_CONCURRENCY: setting(count.default(8), 'requests of a batch that run at once'),
  DAYBOOK_MAX_BATCH_ANSWER_BYTES: setting(textBytes.default(10 * mebibyte), 'bytes of the answer to a batch'),
  DAYBOOK_MAX_ANSWER_BYTES: setting(textBytes.default(16 * mebibyte), 'bytes of one answer'),
  DAYBOOK_MAX_UNREAD_BYTES: setting(
    sharedBytes.default(128 * mebibyte),
    'bytes of rows in all answers that are being made or wait to be read; one token may have a third of it',
  ),
  DAYBOOK_MAX_CONDITIONS: setting(count.default(32), 'conditions of a query'),
  DAYBOOK_MAX_SUBSCRIPTIONS: setting(count.default(100), 'subscriptions of a connection'),
  DAYBOOK_MAX_TOKEN_MATCH_COST: setting(
    matchCost.default(50_000),
    "what a token's subscriptions may cost to match, in comparisons",
  ),
  DAYBOOK_MAX_MATCH_COST: setting(
    matchCost.default(200_000),
    'what all subscriptions of this server may cost to match',
  ),
  DAYBOOK_POOL_MAX: setting(
    wholeNumber(1, 1000).default(10),
    'connections to PostgreSQL, beside two for small reads and one that listens',
  ),
  DAYBOOK_STATEMENT_TIMEOUT_MS: setting(milliseconds.default(30_000), 'how long a statement may run'),
  DAYBOOK_PARTITION_ROWS: setting(
    wholeNumber(100, 1_000_000_000).default(10_000_000),
    'ids in a range of a large table',
  ),
  DAYBOOK_CONSOLE: setting(
    oneOf('on', 'off').default('on'),
    '`off`: no [web console](console.md) at `/console/`',
  ),
  DAYBOOK_HANDLERS: setting(someText.optional(), 'the folder of local event handlers'),
  DAYBOOK_TIMEZONE: setting(timeZone.default('UTC'), 'the zone of schedules and of times without one'),
  DAYBOOK_SEALING_KEY: secret(
    secret32,
    'seals stored secrets of webhooks and scripts, instead of a generated one',
  ),
  DAYBOOK_OUTBOUND_ALLOW: setting(
    listOf(outboundEntry),
    'hosts, addresses and ranges that webhooks and scripts may reach although they are private',
  ),
  DAYBOOK_MAX_RUNS: setting(count.default(100), 'event handlers that run at once on this server'),
  DAYBOOK_SCRIPT_THREADS: setting(
    wholeNumber(1, 256).default(4),
    'scripts that compute at once on this server',
  ),
  DAYBOOK_SCRIPT_RUNS: setting(
    wholeNumber(1, 1000).default(24),
    'scripts under way at once, including those that wait for something; each takes 12 to 20 MB and its heap',
  ),
  DAYBOOK_ROUTE_RATE: setting(
    count.default(50),
    'requests a second that one address may make to the routes of scripts; twice as many at once after a pause',
  ),
  DAYBOOK_LEASE_MS: setting(
    wholeNumber(1000, 600_000).default(15_000),
    'how long a server that fell silent keeps its runs',
  ),
  DAYBOOK_DRAIN_MS: setting(milliseconds.default(30_000), 'how long a stop waits for running requests'),
  DAYBOOK_STREAM_KEEP_MS: setting(
    keepMs.default(3 * dayMs),
    'how far back subscribers of records may resume',
  ),
  DAYBOOK_SINK_KEEP_MS: setting(
    keepMs.default(7 * dayMs),
    'how long changes are kept for a sink that has not delivered them',
  ),
  DAYBOOK_CHANGE_EVENT_KEEP_MS: setting(
    wholeNumber(60_000, 36_600 * dayMs).default(7 * dayMs),
    'how long to keep change events that Daybook writes itself, and machines that have fallen silent',
  ),
  DAYBOOK_MACHINE_NAME: setting(
    nameSchema.describe('a name of 1 to 128 visible characters without *').optional(),
    'the name of this server among the machines; its host name and port unless set',
  ),
  DAYBOOK_URL: setting(
    urlOf('http', 'https').optional(),
    'the server that the commands speak to; the one of this machine unless set',
  ),
  DAYBOOK_PROFILE: setting(
    someText.optional(),
    'the kept server that the commands speak to; the one in use unless set',
  ),
  DAYBOOK_TOKEN: secret(
    someText,
    'the credential that the commands present; the one of `super-token` unless set',
  ),
} as const satisfies Record<string, Setting<unknown>>

export type Variable = keyof typeof settings

/** What the server and the commands run with: checked, complete and frozen; `DAYBOOK_MAX_BATCH` is `maxBatch` here. */
export type Config = {
  readonly [V in Variable as SettingName<V>]: z.output<(typeof settings)[V]['schema']>
}

type SettingName<V extends string> = V extends `DAYBOOK_${infer Rest}`
  ? SettingName<Rest>
  : V extends `${infer Word}_${infer Rest}`
    ? `${Lowercase<Word>}${Capitalize<SettingName<Rest>>}`
    : Lowercase<V>

export function settingName(variable: string): string {
  const words = variable.replace(/^DAYBOOK_/, '').toLowerCase()
  return words.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
}

/** The text of a setting's default; empty without one. */
export function defaultText({ schema }: Setting<unknown>): string {
  return String(schema.parse(undefined) ?? '')
}

type SettingSchema = z.ZodDefault<TextSchema> | z.ZodPrefault<TextSchema> | z.ZodOptional<TextSchema>

function setting<S extends SettingSchema>(schema: S, summary: string) {
  return { schema, takes: schema.unwrap().description ?? '', isSecret: false, summary }
}

function secret(schema: TextSchema<string>, summary: string) {
  return { ...setting(schema.optional(), summary), isSecret: true }
}
