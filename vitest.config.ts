import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// Each test file has a process of its own, which loads the same packages.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/compile', import.meta.url))

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // An embedded PostgreSQL takes up to 850 MB in each.
    maxWorkers: 2,
  },
})
