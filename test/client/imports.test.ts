import { readdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { loadedBy } from '../support/loaded.ts'

const source = resolve(import.meta.dirname, '../../src')

test('the client loads nothing of the server and no package', () => {
  const loaded = [...loadedBy(join(source, 'client/client.ts'))].map(name =>
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
