import type { ScriptRequest } from './script-request.ts'

/** What the record of a run keeps of a request. */
export interface RecordedRequest extends ScriptRequest {
  /** Names of the headers that the script received but the record leaves out. */
  readonly headers_withheld?: readonly string[]
  /** True when the record holds the beginning of the body alone. */
  readonly body_truncated?: true
  /** Of the whole body, where it is truncated. */
  readonly body_bytes?: number
}

const maxBodyBytes = 64 * 1024
const maxBase64Length = Math.floor(maxBodyBytes / 3) * 4

/** Any other header may hold a secret. */
const recordedHeaders = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'access-control-request-headers',
  'access-control-request-method',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-type',
  'date',
  'host',
  'if-modified-since',
  'if-none-match',
  'ng-connecting-ip',
  'origin',
  'range',
  'transfer-encoding',
  'user-agent',
  'x-request-id',
])

/**
 * Everyone may send a request to a route, so its record is small and holds no secrets that came in headers.
 */
export function recordedRequest(request: ScriptRequest): RecordedRequest {
  const headers = Object.entries(request.headers)
  const withheld = headers.map(([name]) => name).filter(name => !recordedHeaders.has(name))
  return {
    ...request,
    headers: Object.fromEntries(headers.filter(([name]) => recordedHeaders.has(name))),
    ...(withheld.length > 0 && { headers_withheld: withheld }),
    ...truncatedBody(request),
  }
}

function truncatedBody({ body, body_base64 }: ScriptRequest): Partial<RecordedRequest> {
  if (body_base64 !== undefined) {
    if (body_base64.length <= maxBase64Length) return {}
    return {
      body_base64: body_base64.slice(0, maxBase64Length),
      body_truncated: true,
      body_bytes: Buffer.byteLength(body_base64, 'base64'),
    }
  }
  if (body === null || Buffer.byteLength(body) <= maxBodyBytes) return {}
  const { read } = new TextEncoder().encodeInto(body, new Uint8Array(maxBodyBytes))
  return { body: body.slice(0, read), body_truncated: true, body_bytes: Buffer.byteLength(body) }
}
