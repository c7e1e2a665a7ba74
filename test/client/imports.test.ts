import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const source = resolve(import.meta.dirname, '../../src')

/** The files and packages that a file loads when it runs: `import type` and `export type` are stripped. */
function loads(file: string): readonly string[] {
  const statement = /^(?:import|export)\s+(?!type\b)(?:[^'"]*?\sfrom\s+)?'([^']+)'/gms
  return [...readFileSync(file, 'utf8').matchAll(statement)].map(match => match[1] ?? '')
}

function reachableFrom(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  for (const target of loads(file)) {
    if (target.startsWith('.')) reachableFrom(resolve(dirname(file), target), seen)
    else seen.add(target)
  }
  return seen
}

test('the client loads nothing of the server and no package', () => {
  const loaded = [...reachableFrom(join(source, 'client/client.ts'))].map(name =>
    name.startsWith(source) ? relative(source, name) : name,
  )
  const own = readdirSync(join(source, 'client')).map(name => `client/${name}`)
  expect(loaded).toContain('client/transport.ts')
  expect(loaded.filter(name => !own.includes(name)).sort()).toEqual([
    'async/backoff.ts',
    'async/pause.ts',
    'errors.ts',
    'json-scan.ts',
    'json.ts',
  ])
})
