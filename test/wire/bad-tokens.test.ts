import { beforeAll, describe, expect, test } from 'vitest'
import { secrets } from './support/app.ts'
import { expectUntouched } from './support/untouched.ts'
import { describeApps, failure, jsLimit } from './support/wire.ts'

/** JSON texts that are no patterns, most of them fatal or surprising in micromatch. */
const badPatterns = [
  ['""', 'invalid_params'],
  ['"a*b"', 'invalid_params'],
  ['"**"', 'invalid_params'],
  ['"*a"', 'invalid_params'],
  ['"*a*a*a*a*a*a*a*a*a*b"', 'invalid_params'],
  [`"${'[[:alpha:]]*'.repeat(6)}"`, 'invalid_params'],
  ['"@(a*)"', 'invalid_params'],
  ['"{a*,b*}"', 'invalid_params'],
  ['"a\\u0007"', 'invalid_params'],
  ['"a\\n*"', 'invalid_params'],
  [`"${'a'.repeat(129)}"`, 'invalid_params'],
  [`"${'a'.repeat(128)}*"`, 'invalid_params'],
  ['1', 'invalid_params'],
  ['null', 'invalid_params'],
  ['["a"]', 'invalid_params'],
  ['{"a":1}', 'invalid_params'],
  ['1e309', 'invalid_params'],
  ['"\\u0000"', 'nul_character'],
  ['"\\ud800"', 'lone_surrogate'],
] as const

/** JSON texts of a token_limit that is none, and where its fault is. */
const badLimits: readonly (readonly [json: string, path: string, reason?: string])[] = [
  ['null', ''],
  ['{}', ''],
  ['[1]', '[0]'],
  ['[{}]', '[0].scopes'],
  ['[{"scopes":[],"permissions":[],"x":1}]', '[0].x', 'unknown_member'],
  ['[{"scopes":[],"permissions":[],"__proto__":{}}]', '[0].__proto__', 'unknown_member'],
  ['[{"__proto__":{"scopes":["global"],"permissions":[]}}]', '[0].__proto__', 'unknown_member'],
  ['[{"scopes":["*"],"permissions":[]}]', '[0].scopes[0]'],
  ['[{"scopes":["GLOBAL"],"permissions":[]}]', '[0].scopes[0]'],
  ['[{"scopes":[{"global":"*"}],"permissions":[]}]', '[0].scopes[0].global'],
  ['[{"scopes":[{}],"permissions":[]}]', '[0].scopes[0]'],
  ['[{"scopes":[{"js_worker":"a","event":"a"}],"permissions":[]}]', '[0].scopes[0]'],
  ['[{"scopes":[{"__proto__":"a"}],"permissions":[]}]', '[0].scopes[0].__proto__', 'unknown_member'],
  ['[{"scopes":[],"permissions":["js_result"]}]', '[0].permissions[0]'],
  ['[{"scopes":[],"permissions":[{"js_result":"read"}]}]', '[0].permissions[0].js_result'],
  ['[{"scopes":[],"permissions":[{"js_result":{}}]}]', '[0].permissions[0].js_result'],
  [
    '[{"scopes":[],"permissions":[{"js_result":{"drop":"*"}}]}]',
    '[0].permissions[0].js_result.drop',
    'unknown_member',
  ],
  ['[{"scopes":[],"permissions":[{"token":{"read":"*"}}]}]', '[0].permissions[0].token', 'unknown_member'],
  [
    '[{"scopes":[],"permissions":[{"js_result":{"__proto__":"a"}}]}]',
    '[0].permissions[0].js_result.__proto__',
    'unknown_member',
  ],
]

/** What a glob library would read as more than itself, and names that it would find or miss by that. */
const literals = [
  '!demo_a',
  '{a,b}',
  '[a]',
  '?',
  '@(a)',
  '(a)',
  '(a+)+$',
  'a|b',
  '\\a',
  '+(a)',
  '[[:alpha:]]',
]
const names = [...literals, 'demo_a', 'a', 'b', 'aa', '/a', 'a/b', '.hidden', 'a/.b', '..a', 'a b', 'A']

describeApps('token limits', wire => {
  let key: string
  beforeAll(async () => {
    key = (await wire.token()).slice(0, 16)
  })

  /** Asks every method that takes limits; each must refuse, at its own path. */
  const expectRefused = async (limits: string, path: string, reason: string) => {
    const calls = [
      ['token_create', `"token_creation":{"token_limit":${limits}}`, 'token_creation.token_limit'],
      ['token_edit', `"target_token":"${key}","limit":${limits}`, 'limit'],
      ['token_issue', `"ttl_ms":60000,"token_limit":${limits}`, 'token_limit'],
    ]
    const requests = calls.map(
      ([method, params]) =>
        `{"jsonrpc":"2.0","id":1,"method":"${method}","params":{"token":"${secrets.root}",${params}}}`,
    )
    const refusals = calls.map(([, , root]) => failure(-32602, reason, `${root}${path}`))
    expect(await wire.ask(`[${requests}]`)).toEqual(refusals)
  }

  describe('that are bad', () => {
    expectUntouched(wire)

    test.each(badPatterns)(
      'the pattern %s is refused as a scope and as a permission',
      async (pattern, reason) => {
        const good = '{"scopes":["global"],"permissions":[]}'
        const scope = `[${good},{"scopes":["global",{"js_worker":${pattern}}],"permissions":[]}]`
        await expectRefused(scope, '[1].scopes[1].js_worker', reason)
        const permission = `[{"scopes":["global"],"permissions":[{"event_log":{"read":${pattern}}}]}]`
        await expectRefused(permission, '[0].permissions[0].event_log.read', reason)
      },
    )

    test.for(badLimits)('the limits %s are refused', async ([limits, path, reason = 'invalid_params']) => {
      await expectRefused(limits, path, reason)
    })

    test('more limits, or more entries of one, than may be are refused', async () => {
      await expectRefused(`[${Array(101).fill('{"scopes":[],"permissions":[]}')}]`, '', 'invalid_params')
      const scopes = Array(101).fill('"global"')
      await expectRefused(`[{"scopes":[${scopes}],"permissions":[]}]`, '[0].scopes', 'invalid_params')
    })

    test.each([
      ['null', 'token_creation', 'invalid_params'],
      ['[]', 'token_creation', 'invalid_params'],
      ['{}', 'token_creation.token_limit', 'invalid_params'],
      ['{"__proto__":{"token_limit":[]}}', 'token_creation.__proto__', 'unknown_member'],
      ['{"token_limit":[],"__proto__":{"username":"x"}}', 'token_creation.__proto__', 'unknown_member'],
      ['{"token_limit":[],"is_super":true}', 'token_creation.is_super', 'unknown_member'],
      ['{"token_limit":[],"key":"a"}', 'token_creation.key', 'unknown_member'],
      ['{"token_limit":[],"timestamp_to":1e309}', 'token_creation.timestamp_to', 'invalid_params'],
      ['{"token_limit":[],"timestamp_from":-1}', 'token_creation.timestamp_from', 'invalid_params'],
      ['{"token_limit":[],"version":2}', 'token_creation.version', 'invalid_params'],
    ] as const)('the creation of %s is refused', async (creation, path, reason) => {
      const params = `{"token":"${secrets.root}","token_creation":${creation}}`
      const answer = await wire.ask(`{"jsonrpc":"2.0","id":1,"method":"token_create","params":${params}}`)
      expect(answer).toEqual(failure(-32602, reason, path))
    })
  })

  describe('as patterns', () => {
    beforeAll(async () => {
      await wire.result('js-result_append', {
        rows: names.map(js_worker_name => ({ js_worker_name, js_worker_id: 7 })),
      })
    })

    const seenBy = async (limit: object) => {
      const token = await wire.token([limit])
      const rows = await wire.result<{ js_worker_name: string }[]>(
        'js-result_query',
        { query: { condition: [{ js_worker_id: 7 }] } },
        token,
      )
      return rows.map(row => row.js_worker_name).toReversed()
    }

    test.each([...literals, ...names.map(name => `${name}*`), '*', '/*', '.*'])(
      '%j covers its literal meaning, as a scope and as a permission',
      async pattern => {
        const expected = names.filter(name =>
          pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
        )
        expect(await seenBy(jsLimit(pattern, { read: '*' }))).toEqual(expected)
        expect(await seenBy(jsLimit('*', { read: pattern }))).toEqual(expected)
      },
    )
  })
})
