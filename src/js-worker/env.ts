import { RpcError } from '../errors.ts'
import { isExactNumber, joinPath, parseJson, stringifyJson } from '../json.ts'
import type { Sealer } from '../seal.ts'

/** What is shown instead of a secret; given back, it stands for the secret that is stored at the same place. */
export const maskedSecret = '***'

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

/** The members of `over` laid over those of `env`; what is no object is replaced whole. */
export function overlayEnv(env: unknown, over: unknown): unknown {
  if (over === undefined) return env
  return isMembers(env) && isMembers(over) ? { ...env, ...over } : over
}

function mapSecrets(env: unknown, replace: ReplaceLeaf): unknown {
  const map = (value: unknown, path: Path, isSecret: boolean): unknown => {
    if (Array.isArray(value)) return value.map((member, i) => map(member, [...path, i], isSecret))
    if (!isMembers(value)) return isSecret ? replace(value, path) : value
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [
        key,
        map(member, [...path, key], isSecret || key === 'secrets'),
      ]),
    )
  }
  return map(env, [], false)
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
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
  const place = joinPath(['env', ...path])
  return new RpcError('invalid_input', `${place}: there is no stored secret to keep`, {
    reason: 'secret_unknown',
    path: place,
  })
}

function secretsUnreadable(cause: unknown): RpcError {
  const message = 'The secrets of this worker were sealed with another key'
  return Object.assign(new RpcError('other', message, { reason: 'secrets_unreadable' }), { cause })
}
