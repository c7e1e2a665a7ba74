import { z } from 'zod'
import { definePublicMethod, type Method } from './method.ts'

/** `nodeget-server_hello`: existing clients send it as their heartbeat, with `[]`, `{}` or no params. */
export const helloMethod: Method = definePublicMethod({
  name: 'nodeget-server_hello',
  summary: 'The heartbeat of NodeGet clients',
  result: z.string(),
  handle: async () => 'NodeGet Server Is Running!',
})
