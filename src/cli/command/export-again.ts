import { stringifyJson } from '../../json.ts'
import type { AccessFlags } from '../argument/access.ts'
import { hasLimit } from '../argument/condition-argument.ts'
import type { ConditionSession } from '../argument/condition-session.ts'
import type { ExportFlags } from './export-output.ts'

export interface ExportCall extends ExportFlags {
  /** The conditions as they were typed. */
  readonly typed: readonly string[]
  /** Options of all commands that it was called with. */
  readonly global: AccessFlags & { readonly utc?: boolean }
}

/** The shell command that resumes an export after a key; undefined where only a new export helps. */
export function commandToGoOn(
  { resource, condition }: Pick<ConditionSession, 'resource' | 'condition'>,
  { typed, global, format, output, bom }: ExportCall,
  after: number | undefined,
): string | undefined {
  // By now the newest n are different records.
  if (after === undefined || hasLimit(condition)) return undefined
  const conditions = condition.map((each, i) => {
    const text = typed[i] ?? ''
    // By now, an hour ago is another moment.
    return /=.*(?:now|[+-]\d)/.test(text) ? stringifyJson(each) : text
  })
  const words = [
    'daybook',
    ...(global.url === undefined ? [] : ['--url', global.url]),
    ...(global.profile === undefined ? [] : ['--profile', global.profile]),
    ...(global.utc === true ? ['--utc'] : []),
    'export',
    resource,
    ...conditions,
    ...(format === 'ndjson' ? [] : ['--format', format]),
    ...(bom === true ? ['--bom'] : []),
    ...(output === undefined ? [] : ['--output', output]),
    '--after',
    String(after),
  ]
  // A secret must not appear on the screen again.
  const also = global.token === undefined ? '' : '   # and the same --token'
  return words.map(shellWord).join(' ') + also
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
