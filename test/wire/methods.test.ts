import { beforeAll, describe, expect, test } from 'vitest'
import { joinPath } from '../../src/json.ts'
import { describedObjects, type Path, type Schema, withMember } from './described-objects.ts'
import { type MethodCase, methodCases, prepareCases } from './method-cases.ts'
import { secrets } from './support/app.ts'
import { overSocket } from './support/socket-wire.ts'
import { describeApps, failure, failureWith, rpc, type Sent, type Wire } from './support/wire.ts'

interface Discovered {
  readonly methods: readonly {
    readonly name: string
    readonly params: readonly Described[]
  }[]
  readonly components: object
}

interface Described {
  readonly name: string
  readonly required?: boolean
  readonly schema: Schema
}

/** Credentials that are nobody's, or nobody's now, and what becomes of their calls. */
async function badCredentials(wire: Wire): Promise<readonly (readonly [string, unknown])[]> {
  const revoked = await wire.token()
  await wire.result('token_delete', { target_token: revoked.slice(0, 16) })
  const rolled = await wire.token()
  await wire.result('token_roll_token_secret', { target_token: rolled.slice(0, 16) })
  const denied = failure(102, 'permission_denied')
  return [
    ['', failure(102, 'credential_required')],
    ['demo_token', failure(101, 'malformed_credential')],
    [`${secrets.root.slice(0, -1)}x`, denied],
    [`${secrets.root} `, denied],
    [secrets.root.toLowerCase(), denied],
    ['nobody0123456789:SuperTokenSecret0123456789abcdef', denied],
    [revoked, denied],
    [rolled, denied],
    [await wire.token([], { timestamp_to: 1 }), failure(102, 'credential_expired')],
    [await wire.token([], { timestamp_from: 2 ** 47 }), failure(102, 'credential_not_yet_valid')],
  ]
}

/** A test where it says something, and none where it does not: a skipped one would look forgotten. */
function testIf(applies: boolean, name: string, run: () => Promise<void>): void {
  if (applies) test(name, run)
}

describeApps('every method', wire => {
  let bad: Awaited<ReturnType<typeof badCredentials>>
  let powerless: string
  let described: ReadonlyMap<string, readonly Described[]>
  let document: Discovered

  beforeAll(async () => {
    await prepareCases(wire)
    bad = await badCredentials(wire)
    powerless = await wire.token()
    document = await wire.result<Discovered>('rpc.discover')
    described = new Map(document.methods.map(({ name, params }) => [name, params]))
  })

  test('is in the table of these tests', () => {
    expect(methodCases.map(({ method }) => method).sort()).toEqual([...described.keys()].sort())
  })

  /** `#/components/schemas/scope` */
  function lookUp(reference: string): Schema {
    let found: unknown = document
    for (const name of reference.split('/').slice(1)) found = (found as Record<string, unknown>)[name]
    return found as Schema
  }

  /** Where in the parameters objects stand whose members are all known. */
  function objectsIn(method: string, params: Readonly<Record<string, unknown>>): readonly Path[] {
    const inParams = (described.get(method) ?? []).flatMap(({ name, schema }) =>
      params[name] === undefined ? [] : describedObjects(params[name], schema, lookUp, [name]),
    )
    return [[], ...inParams]
  }

  describe.each(methodCases)('$method', (each: MethodCase) => {
    const { method, access, over, params, result, refused, malformed } = each
    const refusal = { code: 102, data: expect.objectContaining({ reason: refused }) }
    const outcome = refused === undefined ? { result } : { error: expect.objectContaining(refusal) }
    const success = { jsonrpc: '2.0', ...outcome, id: 1 }
    const connect = async (headers?: Sent['headers']): Promise<Wire> =>
      over === 'WebSocket' ? overSocket(wire, headers) : wire

    test('answers by name and by position', async () => {
      const wire = await connect()
      expect(await wire.call(method, await params(wire))).toEqual(success)
      const named: Record<string, unknown> = { token: secrets.root, ...(await params(wire)) }
      const values = (described.get(method) ?? []).map(({ name }) => named[name])
      const given = values.slice(0, values.findLastIndex(value => value !== undefined) + 1)
      expect(await wire.ask(rpc(method, given))).toEqual(success)
    })

    test('takes the credential from the header as well', async () => {
      const headers = { authorization: `Bearer ${secrets.root}` }
      const wire = await connect(headers)
      expect(await wire.ask(rpc(method, await params(wire)), headers)).toEqual(success)
    })

    test('refuses a member that it does not know, wherever it stands', async () => {
      const wire = await connect()
      const good = { token: secrets.root, ...(await params(wire)) }
      const objects = objectsIn(method, good)
      const calls = objects.map(path => rpc(method, withMember(good, path, 'unheard_of')))
      const refusals = objects.map(path =>
        // A condition has one member, whatever its name.
        path.at(-2) === 'condition'
          ? failure(-32602, 'not_one_key', joinPath(path))
          : failure(-32602, 'unknown_member', joinPath([...path, 'unheard_of'])),
      )
      expect(await wire.ask(calls)).toEqual(refusals)
    })

    test('says which parameter a misspelt one was meant to be, and that it is missing', async () => {
      const wire = await connect()
      const good = { token: secrets.root, ...(await params(wire)) }
      const given = (described.get(method) ?? []).filter(
        ({ name }) => name !== 'token' && Object.hasOwn(good, name),
      )
      const calls = given.map(({ name }) => {
        const { [name]: value, ...rest } = good as Record<string, unknown>
        return rpc(method, { ...rest, [`${name}x`]: value })
      })
      const refusals = given.map(({ name, required }) =>
        failureWith(-32602, {
          reason: 'unknown_member',
          path: `${name}x`,
          did_you_mean: name,
          ...(required && { missing: [name] }),
        }),
      )
      if (calls.length > 0) expect(await wire.ask(calls)).toEqual(refusals)
    })

    testIf(access === 'public', 'asks nobody who they are', async () => {
      const wire = await connect()
      for (const token of [undefined, '', 'nonsense', 1]) {
        expect(await wire.ask(rpc(method, { token, ...(await params(wire)) }))).toEqual(success)
      }
    })

    testIf(access !== 'public', 'is denied without a credential, or with a bad one', async () => {
      const wire = await connect()
      const good = await params(wire)
      expect(await wire.ask(rpc(method, good))).toEqual(failure(102, 'credential_required'))
      const answers = await wire.ask(bad.map(([token]) => rpc(method, { ...good, token })))
      expect(answers).toEqual(bad.map(([, refusal]) => refusal))
      // Before anything else of the call is looked at.
      const nothing = await wire.ask(bad.map(([token]) => rpc(method, { token })))
      expect(nothing).toEqual(answers)
    })

    testIf(access === 'super' || access === 'limits', 'is denied to a token that may not', async () => {
      const wire = await connect()
      const denied = failure(102, 'permission_denied')
      expect(await wire.call(method, await params(wire), powerless)).toEqual(denied)
    })

    testIf(access === 'owner', 'finds nothing for a token that does not own it', async () => {
      const wire = await connect()
      const absent = expect.objectContaining({ error: expect.objectContaining({ code: 105 }) })
      expect(await wire.call(method, await params(wire), powerless)).toEqual(absent)
    })

    testIf(access === 'own', 'is answered to a token that may nothing', async () => {
      const wire = await connect()
      expect(await wire.call(method, await params(wire), powerless)).toHaveProperty('result')
    })

    testIf(malformed.length > 0, 'names the path of what is malformed', async () => {
      const wire = await connect()
      const good = await params(wire)
      const calls = malformed.map(([change]) => rpc(method, { token: secrets.root, ...good, ...change }))
      const refusals = malformed.map(([, path, code = -32602]) =>
        expect.objectContaining({
          error: expect.objectContaining({
            code,
            data: expect.objectContaining({ reason: expect.stringMatching(/^[a-z_]+$/), path }),
          }),
        }),
      )
      expect(await wire.ask(calls)).toEqual(refusals)
    })

    test('is answered in its place in a batch, whatever becomes of its neighbours', async () => {
      const wire = await connect()
      const good = { token: secrets.root, ...(await params(wire)) }
      const batch = [
        rpc('nope', {}, 'a'),
        rpc(method, good, 'b'),
        { jsonrpc: '2.0', method: 'nodeget-server_hello' },
        rpc(method, { ...good, token: access === 'public' ? undefined : 'bad' }, 'c'),
        7,
      ]
      const isPublic = access === 'public'
      const again = method === 'rpc.discover' ? failure(110, 'batch_too_costly') : { ...success, id: 'c' }
      const third = isPublic ? again : failure(101, 'malformed_credential')
      expect(await wire.ask(batch)).toEqual([
        failure(-32601, 'method_not_found'),
        { ...success, id: 'b' },
        third,
        failure(-32600, 'invalid_request'),
      ])
    })
  })
})
