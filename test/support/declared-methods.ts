import { jitaiMethods } from '../../src/compat/jitai/methods.ts'
import { nodegetMethods } from '../../src/compat/nodeget/methods.ts'
import { createMethods, type MethodDeps } from '../../src/method/index.ts'
import type { Resource } from '../../src/resource/resource.ts'

type NodegetDeps = Parameters<typeof nodegetMethods>[0]
type JitaiDeps = Parameters<typeof jitaiMethods>[0]

const records = { database: {}, of: (resource: Resource) => ({ resource }) }

/** Every method as it is declared: made without what it would work with, so that none of them can be called. */
export const declaredMethods = createMethods({
  records,
  subscribe: {},
  tickets: {},
  events: { service: {}, workers: {}, handlers: {}, jsWorkers: {} },
  sinks: {},
  token: {},
  compat: [
    ...nodegetMethods({ database: {}, version: '1.0.0' } as unknown as NodegetDeps),
    ...jitaiMethods({ records, sender: {}, timezone: 'UTC' } as unknown as JitaiDeps),
  ],
  version: '1.0.0',
} as unknown as MethodDeps)
