import { beforeAll, describe, expect, test } from 'vitest'
import { type MethodCase, methodCases, prepareCases } from './method-cases.ts'
import { secrets } from './support/app.ts'
import { overSocket } from './support/socket-wire.ts'
import { describeApps, failure, rpc, type Sent, type Wire } from './support/wire.ts'

interface Discovered {
  readonly methods: readonly {
    readonly name: string
    readonly params: readonly { readonly name: string }[]
  }[]
}

/** Credentials that are nobody's, or nobody's now, and what becomes of their calls. */
async function badCredentials(wire: Wire): Promise<readonly (readonly [string, unknown])[]> {
  const revoked = await wire.token()
  await wire.result('token_delete', { target_token: revoked.slice(0, 16) })
  const rolled = await wire.token()
  await wire.result('token_roll_token_secret', { target_token: rolled.slice(0, 16) })
  const denied = failure(102, 'permission_denied')
  return [
    ['', failure(101, 'malformed_credential')],
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
  let positions: ReadonlyMap<string, readonly string[]>

  beforeAll(async () => {
    await prepareCases(wire)
    bad = await badCredentials(wire)
    powerless = await wire.token()
    const { methods } = await wire.result<Discovered>('rpc.discover')
    positions = new Map(methods.map(({ name, params }) => [name, params.map(param => param.name)]))
  })

  test('is in the table of these tests', () => {
    expect(methodCases.map(({ method }) => method).sort()).toEqual([...positions.keys()].sort())
  })

  describe.each(methodCases)(
    '$method',
    ({ method, access, isStrict, over, params, result, malformed }: MethodCase) => {
      const success = { jsonrpc: '2.0', result, id: 1 }
      const connect = async (headers?: Sent['headers']): Promise<Wire> =>
        over === 'WebSocket' ? overSocket(wire, headers) : wire

      test('answers by name and by position', async () => {
        const wire = await connect()
        expect(await wire.call(method, await params(wire))).toEqual(success)
        const named: Record<string, unknown> = { token: secrets.root, ...(await params(wire)) }
        const values = (positions.get(method) ?? []).map(name => named[name])
        const given = values.slice(0, values.findLastIndex(value => value !== undefined) + 1)
        expect(await wire.ask(rpc(method, given))).toEqual(success)
      })

      test('takes the credential from the header as well', async () => {
        const headers = { authorization: `Bearer ${secrets.root}` }
        const wire = await connect(headers)
        expect(await wire.ask(rpc(method, await params(wire)), headers)).toEqual(success)
      })

      test(
        isStrict ? 'refuses a parameter that it does not know' : 'ignores a parameter that it does not know',
        async () => {
          const wire = await connect()
          const answer = await wire.call(method, { ...(await params(wire)), unheard_of: 1 })
          expect(answer).toEqual(isStrict ? failure(-32602, 'unknown_member', 'unheard_of') : success)
        },
      )

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
        const third = isPublic ? { ...success, id: 'c' } : failure(101, 'malformed_credential')
        expect(await wire.ask(batch)).toEqual([
          failure(-32601, 'method_not_found'),
          { ...success, id: 'b' },
          third,
          failure(-32600, 'invalid_request'),
        ])
      })
    },
  )
})
