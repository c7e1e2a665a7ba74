import { stringifyJson } from '../../json.ts'

/** A call, to be shown as something to copy. None of the texts holds a credential. */
export interface ShownCall {
  /** Where the server answers. */
  readonly url: string
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
}

/** For a shell with the token in `DAYBOOK_TOKEN`. */
export function curlText({ url, method, params }: ShownCall): string {
  const body = stringifyJson({ jsonrpc: '2.0', id: 1, method, params })
  return [
    `curl -s ${shellWord(url)}`,
    "-H 'Content-Type: application/json'",
    '-H "Authorization: Bearer $DAYBOOK_TOKEN"',
    `-d ${shellWord(body)}`,
  ].join(' \\\n  ')
}

/** `daybook query RESOURCE CONDITION…` with the conditions as JSON. */
export function cliText(url: string, resource: string, condition: readonly unknown[]): string {
  const list = condition.map(each => shellWord(typeof each === 'string' ? each : stringifyJson(each)))
  return [`DAYBOOK_URL=${shellWord(url)}`, 'daybook', 'query', resource, ...list].join(' ')
}

/** A program with `daybook/client`. */
export function clientText(url: string, resource: string, condition: readonly unknown[]): string {
  return [
    "import { createClient } from 'daybook/client'",
    '',
    `const client = createClient({ url: ${stringifyJson(url)}, token: process.env.DAYBOOK_TOKEN })`,
    `const rows = await client.query(${stringifyJson(resource)}, ${stringifyJson(condition)})`,
    'console.log(rows)',
  ].join('\n')
}

/** A word of a POSIX shell that means exactly this text. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
