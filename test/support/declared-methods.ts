import { jitaiMethods } from '../../src/compat/jitai.ts'
import { createMethods, type MethodDeps } from '../../src/method/index.ts'

type JitaiDeps = Parameters<typeof jitaiMethods>[0]

const log = { database: {} }

/** Every method as it is declared: made without what it would work with, so that none of them can be called. */
export const declaredMethods = createMethods({
  log,
  subscribe: {},
  tickets: {},
  events: { engine: {}, workers: {}, log, handlers: {}, jsWorkers: {} },
  sinks: {},
  token: {},
  dialects: jitaiMethods({ log, sender: {}, timezone: 'UTC' } as unknown as JitaiDeps),
  version: '1.0.0',
} as unknown as MethodDeps)
