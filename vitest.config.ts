import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// What the processes of the tests load is compiled once.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/compile', import.meta.url))

/** Kills, faults and attacks: slow, and with limits that a busy machine may miss. */
const trust = ['test/trust/*.test.ts', 'test/demo/*.test.ts', 'test/sandbox/bombs.test.ts']

/** Random matrices: a sample of them in the core, all of them among the trust tests. */
const matrices = [
  'test/resource/select/access.test.ts',
  'test/resource/conditions.test.ts',
  'test/wire/permission-matrix.test.ts',
  'test/monitor/maker-rights.test.ts',
]

/** In a real browser: they need Chromium. */
const inBrowser = ['test/browser/*.test.ts']

/** Files with a suite that runs on each engine of its project. */
const sharedSuites = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter(path => path.endsWith('.test.ts'))
  .map(path => `test/${path}`)
  .filter(path => /\b(?:describeEngines|describeApps|engines)\b/.test(readFileSync(path, 'utf8')))

/** What holds for records wherever they lie: once more where each table is many small ranges of ids. */
const acrossRanges = [
  'test/resource/**/*.test.ts',
  'test/retention/*.test.ts',
  'test/stream/{feed,hub,filters,subscribe}.test.ts',
  'test/method/record-*.test.ts',
  'test/method/change-event.test.ts',
  'test/event/**/{chain,change-events,end-runs,replay,requeue,runner,send,task,take-runs}.test.ts',
  'test/wire/{permission-matrix,operations,chain-owners,stream-cursors,waits}.test.ts',
]

const every = {
  testTimeout: 60_000,
  hookTimeout: 120_000,
  globalSetup: ['test/support/global-setup.ts'],
  // CI says so (`retry x1`) where a test passes only at its second try; a developer's run shows it as the failure it is.
  retry: process.env.CI === undefined ? 0 : 1,
}

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...every,
          name: 'core',
          include: ['test/**/*.test.ts'],
          exclude: [...trust, ...inBrowser],
          // A process loads the app once for all its files.
          isolate: false,
          provide: { engines: ['postgres'], repetitions: 'sample', partitionRows: 0 },
        },
      },
      {
        test: {
          ...every,
          name: 'pglite',
          include: sharedSuites,
          exclude: [...trust, ...inBrowser],
          isolate: false,
          provide: { engines: ['pglite'], repetitions: 'sample', partitionRows: 0 },
        },
      },
      {
        test: {
          ...every,
          name: 'trust',
          include: [...trust, ...matrices],
          provide: { engines: ['postgres', 'pglite'], repetitions: 'all', partitionRows: 0 },
        },
      },
      {
        test: {
          ...every,
          name: 'browser',
          include: inBrowser,
          globalSetup: [...every.globalSetup, 'test/browser/support/global-setup.ts'],
          // One after another: a browser beside another one would measure that one, too.
          maxWorkers: 1,
          isolate: false,
          // As long as a page waits for an element.
          expect: { poll: { timeout: 15_000 } },
          provide: { engines: ['postgres'], repetitions: 'sample', partitionRows: 0 },
        },
      },
      {
        test: {
          ...every,
          name: 'partitions',
          include: acrossRanges,
          // So few rows are read whole, index or not; and the other makes ranges of its own.
          exclude: ['test/resource/indexes.test.ts', 'test/retention/partitions.test.ts'],
          isolate: false,
          provide: { engines: ['postgres'], repetitions: 'sample', partitionRows: 40 },
        },
      },
    ],
  },
})
