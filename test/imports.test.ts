import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const source = fileURLToPath(new URL('../src/', import.meta.url))

/** Which parts of src a part may import besides itself: DESIGN's arrows. Part = top-level folder or file. */
const base = [
  'async',
  'fairness',
  'private-folder',
  'ip-address',
  'errors',
  'json',
  'json-scan',
  'json-source.d',
  'schedule',
  'text-check',
  'nearest',
  'parse-input',
  'version',
]
const core = [...base, 'database', 'permission', 'condition', 'audit', 'resource']
const arrows: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  async: ['errors', 'fairness'],
  fairness: ['errors'],
  schedule: ['errors', 'async'],
  'private-folder': [],
  'ip-address': [],
  'json-source.d': [],
  'text-check': [],
  nearest: [],
  'parse-input': ['errors', 'json', 'nearest'],
  version: [],
  json: ['errors', 'json-scan'],
  'json-scan': [],
  config: ['ip-address', 'nearest', 'outbound', 'permission', 'schedule'],
  logger: [],
  metrics: ['errors', 'batched-metrics', 'database'],
  'batched-metrics': [],
  seal: [],
  permission: base,
  outbound: base,
  sandbox: base,
  database: base,
  condition: [...base, 'database', 'permission'],
  audit: [...base, 'database', 'permission'],
  resource: [...base, 'database', 'permission', 'condition', 'audit'],
  token: [...base, 'database', 'definition', 'permission'],
  definition: ['errors', 'json', 'text-check', 'schedule', 'seal', 'database'],
  monitor: [...core, 'definition', 'event', 'js-worker', 'view'],
  view: [...core, 'definition'],
  definitions: ['definition', 'event', 'js-worker', 'monitor', 'retention', 'sink', 'token', 'view'],
  retention: [...core, 'definition', 'view'],
  'js-worker': [...core, 'definition', 'sandbox', 'outbound', 'seal'],
  event: [...core, 'definition', 'outbound', 'sandbox', 'js-worker', 'seal'],
  stream: [...core, 'seal'],
  sink: [...core, 'definition', 'stream', 'seal', 'outbound', 'view'],
  machine: core,
  method: [
    ...core,
    'definition',
    'definitions',
    'stream',
    'sink',
    'machine',
    'monitor',
    'view',
    'retention',
    'token',
    'event',
    'outbound',
    'js-worker',
    'sandbox',
    'seal',
  ],
  compat: [...core, 'event', 'method'],
  rpc: [...core, 'logger', 'metrics', 'stream', 'token', 'method'],
  http: [
    'view',
    ...core,
    'logger',
    'metrics',
    'outbound',
    'stream',
    'token',
    'method',
    'event',
    'js-worker',
    'compat',
    'rpc',
  ],
  app: [
    ...core,
    'config',
    'logger',
    'metrics',
    'seal',
    'outbound',
    'sandbox',
    'token',
    'retention',
    'js-worker',
    'event',
    'stream',
    'sink',
    'monitor',
    'view',
    'machine',
    'method',
    'compat',
    'rpc',
    'http',
  ],
  // Types alone, see test/client/imports.test.ts.
  client: [
    ...base,
    'resource',
    'permission',
    'definition',
    'definitions',
    'monitor',
    'sink',
    'view',
    'method',
  ],
  cli: [
    ...base,
    'config',
    'logger',
    'client',
    'database',
    'app',
    'resource',
    'token',
    'permission',
    'definition',
    'definitions',
    'event',
    'outbound',
    'monitor',
    'view',
    'retention',
    'sink',
    'js-worker',
  ],
  // Over the wire alone: what runs in a browser loads nothing else of the house.
  console: ['client', 'json', 'json-scan'],
  main: ['cli', 'async'],
  'prepare-console': [],
  prepare: ['database', 'prepare-console'],
}

/** Packages that only one place may import, or a few; a folder ends in a slash. */
const doors: Readonly<Record<string, string | readonly string[]>> = {
  micromatch: 'permission/pattern.ts',
  jsonwebtoken: 'permission/jwt.ts',
  jayson: 'rpc/dispatcher.ts',
  pg: 'database/',
  '@electric-sql/pglite': 'database/',
  'cron-parser': 'schedule/cron.ts',
  'quickjs-emscripten-core': 'sandbox/',
  undici: 'outbound/',
  'ipaddr.js': ['outbound/', 'ip-address.ts'],
  standardwebhooks: 'outbound/webhook.ts',
  '@nats-io/transport-node': 'sink/nats.ts',
  '@nats-io/jetstream': 'sink/nats.ts',
  esbuild: 'prepare-console.ts',
  preact: 'console/',
  '@preact/signals': 'console/',
  uplot: 'console/part/histogram-chart.ts',
  '@codemirror/view': 'console/part/code-mirror.ts',
  '@codemirror/state': 'console/part/code-mirror.ts',
}

interface Import {
  readonly file: string
  readonly target: string
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter(file => /\.tsx?$/.test(file))
  .map(file => file.split(sep).join('/'))

const imports: readonly Import[] = files.flatMap(file => {
  const text = readFileSync(join(source, file), 'utf8')
  const found = text.matchAll(/(?:from|import\()\s*'([^']+)'/g)
  return [...found].map(match => ({ file, target: match[1] ?? '' }))
})

function partOf(file: string): string {
  return (file.split('/')[0] ?? '').replace(/\.tsx?$/, '')
}

function resolve({ file, target }: Import): string {
  return relative(source, join(source, dirname(file), target))
    .split(sep)
    .join('/')
}

/** One circle for each group of files that reach each other, as the files of a way round. */
function circlesOf(targets: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const done = new Set<string>()
  const circles: string[] = []
  function walk(file: string, way: readonly string[]): void {
    const at = way.indexOf(file)
    if (at >= 0) circles.push([...way.slice(at), file].join(' -> '))
    if (at >= 0 || done.has(file)) return
    for (const target of targets.get(file) ?? []) walk(target, [...way, file])
    done.add(file)
  }
  for (const file of targets.keys()) walk(file, [])
  return circles
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

  it('make no circle of files, types included', () => {
    const targets = new Map<string, readonly string[]>()
    for (const file of files) {
      const own = imports.filter(each => each.file === file && each.target.startsWith('.'))
      targets.set(file, own.map(resolve))
    }
    expect(circlesOf(targets)).toEqual([])
  })

  it('are all of known parts', () => {
    expect([...new Set(files.map(partOf))].filter(part => arrows[part] === undefined)).toEqual([])
  })
})
