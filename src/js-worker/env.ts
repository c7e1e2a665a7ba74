import { isDeepStrictEqual } from 'node:util'
import { invalidInput, RpcError } from '../errors.ts'
import { isExactNumber, joinPath, parseJson, stringifyJson } from '../json.ts'
import type { Sealer } from '../seal.ts'

/** What is shown instead of a secret; given back, it stands for the secret that is stored at the same place. */
export const maskedSecret = '***'

/** The member whose values are sealed, at any depth of an env. */
export const secretsKey = 'secrets'

type Members = Readonly<Record<string, unknown>>
type Path = readonly (string | number)[]
type ReplaceLeaf = (leaf: unknown, path: Path) => unknown

/**
 * The env as it is stored: each value at or below a key `secrets` is sealed, objects and lists value by value.
 * `stored` is the env that it replaces. Throws RpcError 108 (`secret_unknown`) for a masked value that stands for
 * nothing stored.
 */
export function sealEnv(env: unknown, sealer: Sealer, stored?: unknown): unknown {
  return mapSecrets(env, (leaf, path) => {
    if (leaf !== maskedSecret) return sealer.seal(stringifyJson(leaf))
    const kept = valueAt(stored, path)
    if (typeof kept !== 'string') throw secretUnknown(path)
    return kept
  })
}

/** The env as a script gets it. Throws RpcError 999 (`secrets_unreadable`) when it was sealed with another key. */
export function openEnv(stored: unknown, sealer: Sealer): unknown {
  return mapSecrets(stored, sealed => {
    try {
      return parseJson(sealer.open(String(sealed)))
    } catch (error) {
      throw secretsUnreadable(error)
    }
  })
}

/** The env as it is shown. */
export function maskEnv(stored: unknown): unknown {
  return mapSecrets(stored, () => maskedSecret)
}

/**
 * What a run would replace: `over` without the members that are as the stored env is shown. NodeGet's board sends all of what
 * it has read with each run.
 */
export function withoutShown(over: Members, stored: unknown): Members {
  const shown = maskEnv(stored)
  if (!isMembers(shown)) return over
  const isShown = ([name, value]: [string, unknown]): boolean =>
    Object.hasOwn(shown, name) && isDeepStrictEqual(value, shown[name])
  return Object.fromEntries(Object.entries(over).filter(member => !isShown(member)))
}

/** The env without its secrets. */
export function withoutSecrets(env: unknown): unknown {
  if (Array.isArray(env)) return env.map(withoutSecrets)
  if (!isMembers(env)) return env
  const open = Object.entries(env).filter(([key]) => key !== secretsKey)
  return Object.fromEntries(open.map(([key, member]) => [key, withoutSecrets(member)]))
}

/**
 * The env of one run: the members of `over` in place of those of `env` that the worker declares open. Throws RpcError 108
 * (`env_not_open`) for any other, and where secrets would be replaced or brought.
 */
export function overlayEnv(env: unknown, over: object, open: readonly string[] | null): unknown {
  const members = Object.entries(over)
  const own = env ?? {}
  for (const [name, value] of members) {
    const isOpen = open?.includes(name) && isMembers(own) && !hasSecrets({ [name]: own[name] })
    if (!isOpen || hasSecrets({ [name]: value })) throw envNotOpen(name)
  }
  return members.length === 0 ? own : { ...own, ...over }
}

function hasSecrets(env: unknown): boolean {
  if (Array.isArray(env)) return env.some(hasSecrets)
  if (!isMembers(env)) return false
  return Object.entries(env).some(([key, member]) => key === secretsKey || hasSecrets(member))
}

function mapSecrets(env: unknown, replace: ReplaceLeaf): unknown {
  const map = (value: unknown, path: Path, isSecret: boolean): unknown => {
    if (Array.isArray(value)) return value.map((member, i) => map(member, [...path, i], isSecret))
    if (!isMembers(value)) return isSecret ? replace(value, path) : value
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [
        key,
        map(member, [...path, key], isSecret || key === secretsKey),
      ]),
    )
  }
  return map(env, [], false)
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value)
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (found, key) =>
      typeof found === 'object' && found !== null && Object.hasOwn(found, key)
        ? (found as Record<string | number, unknown>)[key]
        : undefined,
    value,
  )
}

function secretUnknown(path: Path): RpcError {
  return invalidInput(joinPath(['env', ...path]), 'there is no stored secret to keep', 'secret_unknown')
}

function envNotOpen(name: string): RpcError {
  const message = 'the worker does not let a run replace this'
  return invalidInput(joinPath(['env', name]), message, 'env_not_open')
}

function secretsUnreadable(cause: unknown): RpcError {
  const message = 'The secrets of this worker were sealed with another key'
  return Object.assign(new RpcError('secrets_unreadable', message), { cause })
}
