import { expect } from 'vitest'
import { jitaiCases } from '../compat/jitai/method-cases.ts'
import type { MethodCase } from './method-case.ts'
import { changeEventCases } from './method-cases-change-event.ts'
import { eventCases, prepareEventCases } from './method-cases-events.ts'
import { handlerCases, prepareHandlerCases } from './method-cases-handlers.ts'
import { indexCases } from './method-cases-indexes.ts'
import { machineCases } from './method-cases-machines.ts'
import { monitorCases } from './method-cases-monitors.ts'
import { prepareRecordCases, recordCases } from './method-cases-records.ts'
import { retentionCases } from './method-cases-retention.ts'
import { sinkCases } from './method-cases-sinks.ts'
import { prepareTokenCases, tokenCases } from './method-cases-tokens.ts'
import { viewCases } from './method-cases-views.ts'
import { prepareWorkerCases, workerCases } from './method-cases-workers.ts'
import type { Wire } from './support/wire.ts'

export type { MethodCase } from './method-case.ts'

/** What anybody may call. */
const publicCases: readonly MethodCase[] = [
  {
    method: 'nodeget-server_hello',
    access: 'public',
    params: () => ({}),
    result: 'NodeGet Server Is Running!',
    malformed: [],
  },
  ...['version', 'uuid'].map(
    (what): MethodCase => ({
      method: `nodeget-server_${what}`,
      access: 'public',
      params: () => ({}),
      result: expect.any(String),
      malformed: [],
    }),
  ),
  {
    method: 'rpc.discover',
    access: 'public',
    params: () => ({}),
    result: expect.objectContaining({ openrpc: '1.3.2' }),
    malformed: [],
  },
]

/** Methods that belong together, and what makes what their cases call. */
interface Family {
  readonly cases: readonly MethodCase[]
  prepare?(wire: Wire): Promise<void>
}

/** New methods have a file of their own and a line here. */
const families: readonly Family[] = [
  { cases: publicCases },
  { cases: recordCases, prepare: prepareRecordCases },
  { cases: changeEventCases },
  { cases: eventCases, prepare: prepareEventCases },
  { cases: handlerCases, prepare: prepareHandlerCases },
  { cases: workerCases, prepare: prepareWorkerCases },
  { cases: sinkCases },
  { cases: retentionCases },
  { cases: indexCases },
  { cases: machineCases },
  { cases: monitorCases },
  { cases: viewCases },
  { cases: tokenCases, prepare: prepareTokenCases },
  { cases: jitaiCases },
]

/** Makes what the cases call; once before they are run. */
export async function prepareCases(wire: Wire): Promise<void> {
  for (const { prepare } of families) await prepare?.(wire)
}

/** Every method that there is; a test compares the names with the OpenRPC document. */
export const methodCases: readonly MethodCase[] = families.flatMap(family => family.cases)
