import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ScriptedServer, startScriptedServer } from '../../client/scripted-server.ts'
import { makeEmptyFolder, type Ran, type RunOptions, runDaybook } from '../daybook.ts'

const secret = 'SecretSecretSecretSecretSecret12'
const prodToken = `ProdKeyProdKey12:${secret}`
const envToken = `EnvKeyEnvKeyEnv1:${secret}`
const flagToken = `FlagKeyFlagKey12:${secret}`
const localToken = `LocalKeyLocalK12:${secret}`

let folder: Awaited<ReturnType<typeof makeEmptyFolder>>
let prod: ScriptedServer
let other: ScriptedServer
let file: string

/** Refuses everything, as a server refuses a credential that it does not know. */
function refuse() {
  const error = { code: 102, message: 'permission denied', data: { reason: 'permission_denied' } }
  return { body: JSON.stringify({ jsonrpc: '2.0', id: 1, error }) }
}

beforeAll(async () => {
  folder = await makeEmptyFolder()
  file = join(folder.path, 'daybook', 'config.json')
  prod = await startScriptedServer(refuse)
  other = await startScriptedServer(refuse)
})

afterAll(async () => {
  await Promise.all([prod.close(), other.close(), folder.remove()])
})

function daybook(args: readonly string[], { env, ...options }: RunOptions = {}): Promise<Ran> {
  const own = { XDG_CONFIG_HOME: folder.path, DAYBOOK_DATA: folder.path, ...env }
  return runDaybook(args, { env: own, ...options })
}

async function done(args: readonly string[], options?: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await daybook(args, options)
  expect(code, stderr).toBe(0)
  return stdout
}

test('profiles are kept in a file that only their owner can read, and are listed without secrets', async () => {
  await done(['profile', 'add', 'prod', '--url', prod.url, '--token-stdin'], { input: `${prodToken}\n` })
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  await chmod(file, 0o644)
  await done(['profile', 'add', 'bare', '--url', other.url])
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  await done(['profile', 'use', 'bare'])
  const list = await done(['profile', 'list', '--json'])
  expect(list).not.toContain(secret)
  expect(
    list
      .trim()
      .split('\n')
      .map(line => JSON.parse(line)),
  ).toEqual([
    { name: 'prod', url: prod.url, presents: 'the token ProdKeyProdKey12', current: false },
    { name: 'bare', url: other.url, presents: null, current: true },
  ])
  await done(['profile', 'remove', 'bare'])
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
    profiles: { prod: { url: prod.url, token: prodToken } },
  })
})

describe('which server is asked, and as who', () => {
  beforeEach(async () => {
    await done(['profile', 'add', 'prod', '--url', prod.url, '--token', prodToken])
    await done(['profile', 'use', 'prod'])
    await writeFile(join(folder.path, 'super-token'), `${localToken}\n`)
  })

  test.each<[string, readonly string[], () => Record<string, string>, () => ScriptedServer, string]>([
    ['the profile in use', [], () => ({}), () => prod, prodToken],
    ['a profile that the environment names', [], () => ({ DAYBOOK_PROFILE: 'prod' }), () => prod, prodToken],
    ['a variable wins over its token', [], () => ({ DAYBOOK_TOKEN: envToken }), () => prod, envToken],
    [
      'a profile that a flag names wins over variables',
      ['--profile', 'prod'],
      () => ({ DAYBOOK_URL: other.url, DAYBOOK_TOKEN: envToken }),
      () => prod,
      prodToken,
    ],
    [
      'a token that a flag gives wins over everything',
      ['--profile', 'prod', '--token', flagToken],
      () => ({ DAYBOOK_TOKEN: envToken }),
      () => prod,
      flagToken,
    ],
    [
      'what a profile presents goes to no other server',
      [],
      () => ({ DAYBOOK_URL: other.url }),
      () => other,
      localToken,
    ],
  ])('%s', async (_name, flags, env, server, token) => {
    const before = [prod.received.length, other.received.length]
    await daybook([...flags, 'token', 'list'], { env: env() })
    const [request, ...more] = [...prod.received.slice(before[0]), ...other.received.slice(before[1])]
    expect(more).toEqual([])
    expect(server().received.at(-1)).toBe(request)
    expect(JSON.parse(request?.body ?? '').params).toMatchObject({ token })
  })

  test.each<[string, readonly string[], () => Record<string, string>, string]>([
    ['of the profile', [], () => ({}), 'the token ProdKeyProdKey12 was presented, from the profile prod of '],
    [
      'of a variable',
      [],
      () => ({ DAYBOOK_TOKEN: envToken }),
      'EnvKeyEnvKeyEnv1 was presented, from DAYBOOK_TOKEN\n',
    ],
    [
      'of the file that a variable names',
      [],
      () => ({ DAYBOOK_TOKEN_FILE: join(folder.path, 'super-token') }),
      'super-token (DAYBOOK_TOKEN_FILE)\n',
    ],
    ['of a flag', ['--token', flagToken], () => ({}), 'FlagKeyFlagKey12 was presented, from --token\n'],
    ['of this machine', [], () => ({ DAYBOOK_URL: other.url }), 'LocalKeyLocalK12 was presented, from '],
    ['that is a password', ['--token', `alice|${secret}`], () => ({}), 'the user alice was presented'],
    [
      'of an agent of NodeGet',
      ['--token', `[agent]:0193f3c1-0000-7000-8000-0000000000aa|${secret}`],
      () => ({}),
      'the user [agent]:0193f3c1-0000-7000-8000-0000000000aa was presented',
    ],
    [
      'that is a JWT',
      ['--token', `e30.${Buffer.from('{"sub":"Issuer"}').toString('base64url')}.${secret}`],
      () => ({}),
      'a JWT of Issuer was presented',
    ],
  ])(
    'a refusal says which credential it was, never its secret: one %s',
    async (_name, flags, env, message) => {
      const { code, stderr } = await daybook([...flags, 'token', 'list'], { env: env() })
      expect(code).toBe(1)
      expect(stderr).toContain(message)
      expect(stderr).not.toContain(secret)
    },
  )
})

test('a profile that there is not is wrong usage, and the nearest one is named', async () => {
  await done(['profile', 'add', 'prod', '--url', prod.url])
  for (const args of [
    ['--profile', 'prd', 'token', 'list'],
    ['profile', 'use', 'prd'],
    ['profile', 'remove', 'prd'],
  ]) {
    const { code, stderr } = await daybook(args)
    expect(code).toBe(2)
    expect(stderr).toContain('(did you mean prod?)')
  }
})

test.each([
  [['profile', 'add', 'x'], 2],
  [['profile', 'add', 'a b', '--url', 'http://localhost'], 2],
  [['profile', 'add', 'x', '--url', 'nowhere'], 1],
])('%j adds nothing, exit %i', async (args, code) => {
  expect((await daybook(args)).code).toBe(code)
  expect(await done(['profile', 'list'])).not.toContain('"name":"x"')
})

test.each(['{', '[]', '{"profiles":{"a":{}}}', '{"current":"b","profiles":{}}'])(
  'a file that is none of ours is a fault, and is not quoted: %s',
  async text => {
    await writeFile(file, text)
    const { code, stderr } = await daybook(['profile', 'list'])
    expect(code).toBe(1)
    expect(stderr).toContain(file)
  },
)
