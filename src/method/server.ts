import { z } from 'zod'
import type { Method } from './method.ts'

/** `nodeget-server_hello`: existing clients send it as their heartbeat, with `[]`, `{}` or no params. */
export const helloMethod: Method = {
  name: 'nodeget-server_hello',
  summary: 'The heartbeat of NodeGet clients',
  params: z.object({}),
  result: z.string(),
  access: 'public',
  credentialParams: [],
  handle: async () => 'NodeGet Server Is Running!',
}
