/** What the browser keeps for the user of this page; every other page of the origin has names of its own. */
const prefix = 'daybook.'

/** A text that lives as long as the browser does, or as the tab does. Browsers may refuse to keep any. */
export function readKept(kind: 'local' | 'session', name: string): string | undefined {
  try {
    return storageOf(kind).getItem(prefix + name) ?? undefined
  } catch {
    return undefined
  }
}

/** Undefined forgets it. */
export function keep(kind: 'local' | 'session', name: string, text: string | undefined): void {
  try {
    if (text === undefined) storageOf(kind).removeItem(prefix + name)
    else storageOf(kind).setItem(prefix + name, text)
  } catch {
    // A private window without storage: the console forgets, and works.
  }
}

/** A kept JSON value, if `isWanted` takes it: another version of the console may have kept it. */
export function readKeptJson<T>(
  kind: 'local' | 'session',
  name: string,
  isWanted: (value: unknown) => value is T,
): T | undefined {
  try {
    const value: unknown = JSON.parse(readKept(kind, name) ?? 'null')
    return isWanted(value) ? value : undefined
  } catch {
    return undefined
  }
}

function storageOf(kind: 'local' | 'session'): Storage {
  return kind === 'local' ? localStorage : sessionStorage
}
