import { z } from 'zod'
import type { Database } from '../../database/database.ts'
import { definePublicMethod, type Method } from '../../method/method.ts'

export interface NodeGetDeps {
  readonly database: Pick<Database, 'kysely'>
  /** This program's. */
  readonly version: string
}

/** What NodeGet's programs ask every server, with `[]`, `{}` or no params: their heartbeat, and which server it is. */
export function nodegetMethods({ database, version }: NodeGetDeps): readonly Method[] {
  // Everyone may ask for it, and it never changes.
  let uuid: string | undefined
  return [
    publicText(
      'nodeget-server_hello',
      'The heartbeat of NodeGet clients',
      async () => 'NodeGet Server Is Running!',
    ),
    publicText('nodeget-server_version', 'The version of Daybook', async () => version),
    publicText('nodeget-server_uuid', 'A UUID that stays with the database: its TenantKey', async () => {
      if (uuid !== undefined) return uuid
      const { key } = await database.kysely.selectFrom('tenant').select('key').executeTakeFirstOrThrow()
      uuid = key
      return key
    }),
  ]
}

function publicText(name: string, summary: string, handle: () => Promise<string>): Method {
  return definePublicMethod({ name, summary, result: z.string(), handle })
}
