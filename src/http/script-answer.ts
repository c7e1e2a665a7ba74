import { isExactNumber, parseJson, stringifyJson } from '../json.ts'
import { safeHeaders } from '../outbound/headers.ts'

/** An HTTP answer that a script gave. */
export interface ScriptAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer | undefined
}

const members = new Set(['status', 'headers', 'body', 'body_base64'])

/** What speaks for the whole origin, or is said by the server itself. */
const ofTheServer = new Set([
  'alt-svc',
  'clear-site-data',
  'content-security-policy',
  'nel',
  'public-key-pins',
  'report-to',
  'reporting-endpoints',
  'service-worker-allowed',
  'set-cookie',
  'strict-transport-security',
  'x-content-type-options',
  'x-request-id',
])

type Members = Readonly<Record<string, unknown>>

/**
 * The answer that `result` (JSON text) describes: `{status?, headers?, body?, body_base64?}` with at least
 * one and no other member, else the result itself as JSON. Headers that a script may not set are left out.
 */
export function scriptAnswer(result: string): ScriptAnswer {
  const value = parseJson(result)
  if (!isMembers(value) || !describesAnswer(value)) {
    return { status: 200, headers: { 'content-type': 'application/json' }, body: result }
  }
  const { status = 200, headers = {}, body_base64 } = value
  const body = typeof body_base64 === 'string' ? Buffer.from(body_base64, 'base64') : value.body
  const given = Object.entries(headers as Readonly<Record<string, string>>)
  const kept = Object.entries(safeHeaders(Object.fromEntries(given))).filter(
    ([name]) => !ofTheServer.has(name),
  )
  const type = contentType(body)
  return {
    status: Number(status),
    headers: { ...(hasBody(body) && { 'content-type': type }), ...Object.fromEntries(kept) },
    body: bodyText(body),
  }
}

function describesAnswer(value: Members): boolean {
  const keys = Object.keys(value)
  const { status, headers, body_base64 } = value
  return (
    (body_base64 === undefined || isText(body_base64)) &&
    keys.length > 0 &&
    keys.every(key => members.has(key)) &&
    (status === undefined || isStatus(status)) &&
    (headers === undefined || (isMembers(headers) && Object.values(headers).every(isText)))
  )
}

function isStatus(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 200 && value <= 599
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value)
}

function hasBody(body: unknown): boolean {
  return body !== undefined && body !== null
}

function contentType(body: unknown): string {
  if (Buffer.isBuffer(body)) return 'application/octet-stream'
  return typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json'
}

function bodyText(body: unknown): string | Buffer | undefined {
  if (!hasBody(body)) return undefined
  if (Buffer.isBuffer(body)) return body
  return typeof body === 'string' ? body : stringifyJson(body)
}
