import { stringifyJson } from '../json.ts'
import { DaybookConnectionError, DaybookError } from './error.ts'
import { headersOf, refusalOf, urlBeside } from './get-request.ts'
import { describeFault } from './transport.ts'

export interface ExportOptions {
  /** `ndjson` if absent. */
  readonly format?: 'ndjson' | 'csv'
  /** CSV begins with a byte order mark, by which spreadsheets know that it is UTF-8. */
  readonly bom?: boolean
  /** Only records whose key is greater: goes on with an export that was cut off. */
  readonly after?: number
  /** Ends it when it is aborted. */
  readonly signal?: AbortSignal
}

export interface ExportSettings {
  /** Where the server takes JSON-RPC. */
  readonly url: string
  readonly token: string | undefined
  readonly fetch: typeof fetch
  /** The longest wait for the first byte. */
  readonly timeoutMs: number
}

/**
 * The bytes of an export as they come; nothing is read from the connection while nobody asks for more. Throws DaybookError
 * when the server refuses, DaybookConnectionError when it cannot be reached and when the export was cut off.
 */
export async function* exportBytes(
  settings: ExportSettings,
  asked: { readonly resource: string; readonly condition: readonly unknown[] },
  { format, after, bom, signal }: ExportOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const url = urlBeside(settings.url, `/export/${encodeURIComponent(asked.resource)}`)
  url.searchParams.set('condition', stringifyJson(asked.condition))
  if (format !== undefined) url.searchParams.set('format', format)
  if (bom === true) url.searchParams.set('bom', 'true')
  if (after !== undefined) url.searchParams.set('after', String(after))
  const headers = headersOf(settings.token, '*/*')
  const cut = new AbortController()
  const signals = signal === undefined ? cut.signal : AbortSignal.any([cut.signal, signal])
  try {
    const response = await open(url, headers, signals, settings)
    for await (const chunk of response.body ?? []) yield chunk
  } catch (cause) {
    if (cause instanceof DaybookError || cause instanceof DaybookConnectionError) throw cause
    throw new DaybookConnectionError(`${url.origin}: ${describeFault(cause, settings.timeoutMs)}`, { cause })
  } finally {
    cut.abort()
  }
}

async function open(
  url: URL,
  headers: Headers,
  signal: AbortSignal,
  { fetch: send, timeoutMs }: ExportSettings,
): Promise<Response> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new DOMException('no answer in time', 'TimeoutError')), timeoutMs)
  try {
    const both = AbortSignal.any([signal, late.signal])
    const response = await send(url, { headers, signal: both, cache: 'no-store' })
    if (response.status === 200) return response
    throw refusalOf(response.status, await response.text(), 'an export')
  } finally {
    clearTimeout(timer)
  }
}
