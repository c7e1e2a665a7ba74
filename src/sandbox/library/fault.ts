import type { Cause } from '../thrown.ts'
import type { Kit } from './kit.ts'

/** What an error holds besides name, message and stack: its members, its causes and errors, at any depth. */
export function faultLibrary(kit: Kit) {
  const maxErrors = 32
  const maxMembers = 16
  const maxTextLength = 1024
  const known = ['name', 'message', 'stack', 'cause', 'errors']

  /** JSON text of more members of an object, each behind a comma. */
  function more(error: object): string {
    /** Those that are being told: one may be a cause of itself. */
    const path = new Set<unknown>()
    let left = maxErrors

    function faultOf(error: unknown): Cause {
      left -= 1
      if (path.has(error)) return { name: '', message: '[Circular]', stack: '' }
      if (typeof error !== 'object' || error === null)
        return { name: '', message: cut(kit.display(error)), stack: '' }
      const { name, message, stack } = error as { name?: unknown; message?: unknown; stack?: unknown }
      const isError = typeof message === 'string'
      return {
        name: isError && typeof name === 'string' ? cut(name) : '',
        message: isError ? cut(message) : cut(kit.display(error)),
        stack: typeof stack === 'string' ? cut(stack) : '',
        ...(isError && inside(error)),
      }
    }

    function inside(error: object): Pick<Cause, 'members' | 'cause' | 'errors'> {
      path.add(error)
      const { cause, errors } = error as { cause?: unknown; errors?: unknown }
      const found = {
        members: membersOf(error),
        ...(Object.hasOwn(error, 'cause') && left > 0 && { cause: faultOf(cause) }),
        ...(Array.isArray(errors) && { errors: errors.slice(0, Math.max(left, 0)).map(faultOf) }),
      }
      path.delete(error)
      return found
    }

    const { members, cause, errors } = inside(error)
    const text = JSON.stringify({ members, cause, errors }).slice(1, -1)
    return text === '' ? '' : `,${text}`
  }

  /** Such as `code`, `detail` and `data`. */
  function membersOf(error: object): [string, string][] {
    const names = Object.keys(error).filter(name => !known.includes(name))
    return names
      .slice(0, maxMembers)
      .map(name => [name, cut(kit.display((error as Record<string, unknown>)[name]))])
  }

  function cut(text: string): string {
    return text.slice(0, maxTextLength)
  }

  return { more }
}
