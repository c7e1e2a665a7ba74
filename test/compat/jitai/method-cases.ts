import { expect } from 'vitest'
import type { MethodCase } from '../../wire/method-cases.ts'
import { service } from './service.ts'

const rowDatas = { totalCount: expect.any(Number), rowDatas: expect.any(Array) }
const reading = { access: 'limits', result: rowDatas } as const

/** For the suites that hold for every method. */
export const jitaiCases: readonly MethodCase[] = [
  {
    ...reading,
    method: `${service}.getEventLog`,
    params: () => ({ fullName: 'case_a', page: 1, pageSize: 20 }),
    malformed: [
      [{ fullName: undefined }, 'fullName'],
      [{ startTime: '2024-01-01' }, 'startTime'],
      [{ endTime: 0 }, 'endTime'],
      [{ status: 'failed' }, 'status'],
      [{ page: 0 }, 'page'],
      [{ pageSize: 1001 }, 'pageSize'],
    ],
  },
  {
    method: `${service}.sendEvent`,
    access: 'limits',
    params: () => ({ sender: 'app', kwargs: { a: 1 } }),
    result: { requestId: expect.any(String), matched: expect.any(Boolean), eventLogs: expect.any(Array) },
    malformed: [
      [{ sender: undefined }, 'sender'],
      [{ sender: 'a*' }, 'sender'],
      [{ kwargs: undefined }, 'kwargs'],
      [{ kwargs: [] }, 'kwargs'],
      [{ eventType: '' }, 'eventType'],
    ],
  },
  {
    ...reading,
    method: `${service}.getEventLogByRequestId`,
    params: () => ({ requestId: 'r' }),
    malformed: [
      [{ requestId: undefined }, 'requestId'],
      [{ requestId: 1 }, 'requestId'],
    ],
  },
  {
    ...reading,
    method: `${service}.getEventLogByNodeId`,
    params: () => ({ requestId: 'r', nodeId: 'n' }),
    malformed: [
      [{ requestId: undefined }, 'requestId'],
      [{ nodeId: undefined }, 'nodeId'],
    ],
  },
]
