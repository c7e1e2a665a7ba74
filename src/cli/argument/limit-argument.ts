import type { Command } from 'commander'
import type { Limit } from '../../client/client.ts'
import { UsageError } from '../terminal/failure.ts'
import { parseJsonArgument } from './json-argument.ts'

export interface LimitFlags {
  readonly scope: readonly string[]
  readonly permission: readonly string[]
  readonly limit: readonly string[]
}

/** The options that say what a token may do. */
export function addLimitOptions(command: Command): Command {
  return command
    .option('--scope <scope>', 'global, js_worker=demo_*, event=app.*; may be repeated', collect, [])
    .option('--permission <permission>', 'js_result.read=demo_*; may be repeated', collect, [])
    .option('--limit <json>', 'a whole limit: {"scopes":[…],"permissions":[…]}; may be repeated', collect, [])
}

/**
 * The limits that were given: all scopes and permissions together make one, each --limit makes another.
 * Throws UsageError for a scope without a permission, and for JSON that is none.
 */
export function readLimits(flags: LimitFlags): readonly Limit[] {
  const scopes = flags.scope.map(parseGrant)
  const permissions = flags.permission.map(parseGrant)
  if ((scopes.length === 0) !== (permissions.length === 0)) {
    throw new UsageError('--scope and --permission only make sense together')
  }
  const own = scopes.length === 0 ? [] : [{ scopes, permissions }]
  // The server judges what a limit holds.
  return [...own, ...flags.limit.map(text => parseJsonArgument(text, '--limit') as Limit)]
}

/** The same, where at least one limit is needed. */
export function requireLimits(flags: LimitFlags): readonly Limit[] {
  const limits = readLimits(flags)
  if (limits.length > 0) return limits
  throw new UsageError('say what the token may do: --scope with --permission, or --limit')
}

/** `global`, `js_worker=demo_*` is `{"js_worker":"demo_*"}`, `js_result.read=demo_*` is `{"js_result":{"read":"demo_*"}}`. */
export function parseGrant(text: string): unknown {
  if (text.startsWith('{')) return parseJsonArgument(text, text)
  const cut = text.indexOf('=')
  if (cut === -1) return text
  const names = text.slice(0, cut).split('.')
  return names.reduceRight<unknown>((inner, name) => ({ [name]: inner }), text.slice(cut + 1))
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text]
}
