import { parseJson, stringifyJson } from '../../../src/json.ts'
import { declaredMethods } from '../../support/declared-methods.ts'

/** What `rpc.discover` answers. */
export async function openRpcDocument(): Promise<unknown> {
  const discover = declaredMethods.find(({ name }) => name === 'rpc.discover')
  if (discover === undefined) throw new Error('there is no rpc.discover')
  // It needs nothing of its call.
  const call = { context: {} } as Parameters<typeof discover.handle>[0]
  return parseJson(stringifyJson(await discover.handle(call)))
}
