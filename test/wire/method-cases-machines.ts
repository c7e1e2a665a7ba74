import { expect } from 'vitest'
import type { MethodCase } from './method-case.ts'

/** Who is alive. */
export const machineCases: readonly MethodCase[] = [
  {
    method: 'machine_list',
    access: 'limits',
    params: () => ({}),
    result: {
      machines: [expect.objectContaining({ kind: 'server', status: 'Available', is_unresponsive: false })],
    },
    malformed: [[{ limit: 3 }, 'limit']],
  },
]
