import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { loadedBy } from '../support/loaded.ts'

const commands = resolve(import.meta.dirname, '../../src/cli/command')

test.each(readdirSync(commands))('%s starts without what only a server needs', file => {
  const heavy = [
    'kysely',
    'pg',
    '@electric-sql/pglite',
    'fastify',
    'jayson',
    'undici',
    'quickjs-emscripten-core',
  ]
  const loaded = loadedBy(join(commands, file))
  expect(heavy.filter(name => loaded.has(name))).toEqual([])
})
