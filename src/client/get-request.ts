import { parseJson } from '../json.ts'
import { DaybookConnectionError, DaybookError } from './error.ts'
import { wireErrorOf } from './transport.ts'

/** The URL of what lies beside the paths that take JSON-RPC, e.g. `/stream`. */
export function urlBeside(base: string, path: string): URL {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/$|(?:\/nodeget)?\/rpc\/?$/, '')}${path}`
  url.search = ''
  return url
}

/** The credential in UTF-8, as the server reads it. Throws TypeError for what no header can hold. */
export function headersOf(token: string | undefined, accept: string): Headers {
  const headers = new Headers({ accept })
  if (token === undefined) return headers
  const bytes = String.fromCharCode(...new TextEncoder().encode(token))
  headers.set('authorization', `Bearer ${bytes}`)
  return headers
}

/** What an answer says that is not `expected`. */
export function refusalOf(status: number, text: string, expected: string): Error {
  try {
    const answer = parseJson(text)
    if (typeof answer === 'object' && answer !== null && 'error' in answer) {
      return new DaybookError(wireErrorOf(answer.error, status))
    }
  } catch {
    // No JSON, or no error in it: somebody else has answered.
  }
  return new DaybookConnectionError(`HTTP status ${status}, and not ${expected}`, { status })
}
