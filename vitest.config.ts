import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// What the processes of the tests load is compiled once.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/compile', import.meta.url))

/** Test files in which a suite runs on each engine of the project. */
const sharedSuites = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter(path => path.endsWith('.test.ts'))
  .map(path => `test/${path}`)
  .filter(path => /\b(?:describeEngines|describeApps|engines)\b/.test(readFileSync(path, 'utf8')))

const shared = { testTimeout: 60_000, hookTimeout: 120_000, globalSetup: ['test/support/global-setup.ts'] }
const trust = ['test/trust/**', 'test/demo/**']

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...shared,
          name: 'core',
          include: ['test/**/*.test.ts'],
          exclude: trust,
          isolate: false,
          provide: { engines: ['postgres'] },
        },
      },
      {
        test: {
          ...shared,
          name: 'pglite',
          include: sharedSuites,
          exclude: trust,
          provide: { engines: ['pglite'] },
        },
      },
      {
        test: {
          ...shared,
          name: 'trust',
          include: trust.map(folder => `${folder}/*.test.ts`),
          provide: { engines: ['postgres', 'pglite'] },
        },
      },
    ],
  },
})
