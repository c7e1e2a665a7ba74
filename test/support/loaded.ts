import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** The files and packages that a file loads when it runs: `import type` and `export type` are stripped. */
function loads(file: string): readonly string[] {
  const statement = /^(?:import|export)\s+(?!type\b)(?:[^'"]*?\sfrom\s+)?'([^']+)'/gms
  return [...readFileSync(file, 'utf8').matchAll(statement)].map(match => match[1] ?? '')
}

/** The same of all the files that it loads, but for those that it imports later with `import()`. */
export function loadedBy(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  for (const target of loads(file)) {
    if (target.startsWith('.')) loadedBy(resolve(dirname(file), target), seen)
    else seen.add(target)
  }
  return seen
}
