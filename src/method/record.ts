import type { Records } from '../resource/records.ts'
import type { Method } from './method.ts'
import { facetMethod } from './record/facet.ts'
import { countMethod, getMethod, pageMethod, queryMethod } from './record/read.ts'
import { statisticsMethod } from './record/statistics.ts'
import { appendMethod, deleteMethod, finishMethod, importMethod } from './record/write.ts'

/** The methods that a resource gets by being declared. */
export function recordMethods(records: Records): readonly Method[] {
  const { recorded, finish } = records.resource
  return [
    queryMethod(records),
    pageMethod(records),
    countMethod(records),
    getMethod(records),
    facetMethod(records),
    statisticsMethod(records),
    deleteMethod(records),
    ...(recorded === 'append' ? [appendMethod(records)] : []),
    ...(recorded === 'keep' ? [] : [importMethod(records)]),
    ...(finish === undefined ? [] : [finishMethod(records)]),
  ]
}
