import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const source = fileURLToPath(new URL('../src/', import.meta.url))

/** Which parts of src a part may import besides itself: DESIGN's arrows. Part = top-level folder or file. */
const base = [
  'answer-memory',
  'behalf',
  'fair-queue',
  'tally',
  'semaphore',
  'private-folder',
  'ip-address',
  'errors',
  'json',
  'json-scan',
  'json-source.d',
  'clock',
  'text-check',
  'time-zone',
  'nearest',
  'parse-input',
  'version',
  'repeat',
]
const arrows: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  'answer-memory': ['behalf', 'errors', 'fair-queue', 'tally'],
  behalf: [],
  'fair-queue': [],
  tally: [],
  semaphore: [],
  'private-folder': [],
  'ip-address': [],
  'json-source.d': [],
  clock: [],
  'text-check': [],
  'time-zone': [],
  nearest: [],
  'parse-input': ['errors', 'json', 'nearest'],
  version: [],
  repeat: [],
  json: ['errors', 'json-scan'],
  'json-scan': [],
  'config-value': ['ip-address', 'time-zone'],
  'service-links': [],
  'postgres-env': [],
  config: ['config-value', 'nearest', 'outbound', 'postgres-env', 'service-links', 'permission'],
  logger: [],
  metrics: ['batched-metrics', 'database'],
  'batched-metrics': [],
  permission: base,
  database: base,
  condition: [...base, 'database', 'permission'],
  resource: [...base, 'database', 'permission', 'condition'],
  token: [...base, 'database', 'permission'],
  seal: [],
  outbound: base,
  sandbox: base,
  'js-worker': [...base, 'database', 'permission', 'condition', 'resource', 'sandbox', 'outbound', 'seal'],
  target: [...base, 'permission', 'sandbox', 'outbound', 'js-worker', 'seal'],
  event: [...base, 'database', 'permission', 'condition', 'resource', 'target', 'js-worker', 'seal'],
  stream: [
    ...base,
    'repeat',
    'database',
    'permission',
    'condition',
    'resource',
    'seal',
    'outbound',
    'target',
  ],
  retention: [...base, 'database', 'permission', 'condition', 'resource'],
  method: [
    ...base,
    'stream',
    'retention',
    'database',
    'permission',
    'condition',
    'resource',
    'token',
    'event',
    'target',
    'js-worker',
    'sandbox',
    'seal',
  ],
  dialect: [...base, 'permission', 'condition', 'resource', 'event', 'method'],
  server: [
    ...base,
    'stream',
    'retention',
    'config',
    'logger',
    'metrics',
    'database',
    'permission',
    'token',
    'method',
    'resource',
    'event',
    'target',
    'js-worker',
    'sandbox',
    'outbound',
    'seal',
    'dialect',
  ],
  client: [...base, 'resource', 'permission'],
  cli: [...base, 'config', 'logger', 'client', 'database', 'server', 'resource', 'token', 'permission'],
  main: ['cli', 'clock'],
  prepare: ['database'],
}

/** Packages that only one place may import, or a few; a folder ends in a slash. */
const doors: Readonly<Record<string, string | readonly string[]>> = {
  micromatch: 'permission/pattern.ts',
  jsonwebtoken: 'permission/jwt.ts',
  jayson: 'server/dispatcher.ts',
  pg: 'database/',
  '@electric-sql/pglite': 'database/',
  'cron-parser': 'event/cron.ts',
  'quickjs-emscripten-core': 'sandbox/',
  undici: 'outbound/',
  'ipaddr.js': ['outbound/', 'ip-address.ts'],
  standardwebhooks: 'target/webhook.ts',
  '@nats-io/transport-node': 'stream/sink/nats.ts',
  '@nats-io/jetstream': 'stream/sink/nats.ts',
}

interface Import {
  readonly file: string
  readonly target: string
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.ts'))
  .map(file => file.split(sep).join('/'))

const imports: readonly Import[] = files.flatMap(file => {
  const text = readFileSync(join(source, file), 'utf8')
  const found = text.matchAll(/(?:from|import\()\s*'([^']+)'/g)
  return [...found].map(match => ({ file, target: match[1] ?? '' }))
})

function partOf(file: string): string {
  return (file.split('/')[0] ?? '').replace(/\.ts$/, '')
}

function resolve({ file, target }: Import): string {
  return relative(source, join(source, dirname(file), target))
    .split(sep)
    .join('/')
}

describe('the imports of src', () => {
  it('point one way', () => {
    const wrong = imports
      .filter(({ target }) => target.startsWith('.'))
      .filter(each => {
        const from = partOf(each.file)
        const to = partOf(resolve(each))
        return from !== to && !arrows[from]?.includes(to)
      })
      .map(each => `${each.file} -> ${resolve(each)}`)
    expect(wrong).toEqual([])
  })

  it('reach these packages through one door each', () => {
    const wrong = imports
      .filter(({ file, target }) => {
        const open = [doors[target] ?? file].flat()
        return !open.some(door => (door.endsWith('/') ? file.startsWith(door) : file === door))
      })
      .map(({ file, target }) => `${file} -> ${target}`)
    expect(wrong).toEqual([])
    const used = new Set(imports.map(each => each.target))
    expect(Object.keys(doors).filter(name => !used.has(name))).toEqual([])
  })

  it('are all of known parts', () => {
    expect([...new Set(files.map(partOf))].filter(part => arrows[part] === undefined)).toEqual([])
  })
})
