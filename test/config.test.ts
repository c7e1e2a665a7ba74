import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { defaultText, settings } from '../src/config/settings.ts'
import { ConfigError, type ConfigSource, readConfig } from '../src/config.ts'

function faultsOf(source: ConfigSource): readonly string[] {
  try {
    readConfig(source)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

function fileHolding(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'secret')
  writeFileSync(path, text)
  return path
}

const secret32 = 'x'.repeat(32)
const superToken = `${'k'.repeat(16)}:${'s'.repeat(32)}`

test('without any variable the defaults hold, frozen', () => {
  const config = readConfig({ env: {} })
  expect(config).toMatchObject({ host: '127.0.0.1', port: 7411, data: '.daybook', maxBatch: 100 })
  expect(config).toMatchObject({ databaseUrl: undefined, jwtIssuer: 'daybook', allowedHosts: [] })
  expect(Object.isFrozen(config)).toBe(true)
  expect(Object.isFrozen(config.allowedHosts)).toBe(true)
})

test('a flag wins over the environment, the environment over the default', () => {
  const env = { PORT: '1', HOST: 'localhost' }
  expect(readConfig({ env, flags: { PORT: '0' } })).toMatchObject({ port: 0, host: 'localhost' })
})

test('an empty variable counts as unset', () => {
  expect(readConfig({ env: { PORT: '', DAYBOOK_PEPPER: '', DAYBOOK_PEPPER_FILE: '' } })).toMatchObject({
    port: 7411,
    pepper: undefined,
  })
})

test('every fault is reported at once', () => {
  const env = { PORT: '65536', LOG_LEVEL: 'loud', DAYBOOK_FOO: '1', DAYBOOK_MAX_BATCH: '0' }
  const variables = faultsOf({ env }).map(fault => fault.split(':')[0])
  expect(variables.sort()).toEqual(['DAYBOOK_FOO', 'DAYBOOK_MAX_BATCH', 'LOG_LEVEL', 'PORT'])
})

test.each([
  ['DAYBOOK_ALLOWED_HOST', 'DAYBOOK_ALLOWED_HOSTS'],
  ['DAYBOOK_PEPER_FILE', 'DAYBOOK_PEPPER_FILE'],
  ['DAYBOOK_MAXBATCH', 'DAYBOOK_MAX_BATCH'],
  ['DAYBOOK_PORT', 'PORT'],
  ['DAYBOOK_DATABASE_URL', 'DATABASE_URL'],
])('%s is a fault that names %s', (variable, meant) => {
  expect(faultsOf({ env: { [variable]: '1' } })).toEqual([expect.stringContaining(`did you mean ${meant}?`)])
})

test('a variable that is near to none is a fault all the same', () => {
  expect(faultsOf({ env: { DAYBOOK_FOO: '1' } })).toEqual([expect.not.stringContaining('did you mean')])
})

test.for([
  ['PORT', '-1'],
  ['PORT', '1.5'],
  ['PORT', '0x50'],
  ['PORT', '1e3'],
  ['HOST', ' '],
  ['DATABASE_URL', 'mysql://db'],
  ['DATABASE_URL', 'db'],
  ['DAYBOOK_SUPER_TOKEN', 'short:secret'],
  ['DAYBOOK_SUPER_TOKEN', `${superToken}!`],
  ['DAYBOOK_JWT_SECRET', 'x'.repeat(31)],
  ['DAYBOOK_PEPPER', 'x'.repeat(31)],
  ['DAYBOOK_JWT_PUBLIC_KEY', 'none'],
  ['DAYBOOK_ALLOWED_HOSTS', 'a.example:80'],
  ['DAYBOOK_ALLOWED_HOSTS', 'http://a.example'],
  ['DAYBOOK_ALLOWED_HOSTS', '*'],
  ['DAYBOOK_ALLOWED_HOSTS', '*.'],
  ['DAYBOOK_ALLOWED_HOSTS', 'a.example,*'],
  ['DAYBOOK_ALLOWED_HOSTS', '*a.example'],
  ['DAYBOOK_ALLOWED_HOSTS', 'a.*.example'],
  ['DAYBOOK_ALLOWED_HOSTS', '*.*.example'],
  ['DAYBOOK_ALLOWED_HOSTS', '*.10.0.0.1'],
  ['DAYBOOK_ALLOWED_HOSTS', '*.[::1]'],
  ['DAYBOOK_ALLOWED_ORIGINS', '*'],
  ['DAYBOOK_ALLOWED_ORIGINS', '*.console.example'],
  ['DAYBOOK_ALLOWED_ORIGINS', 'https://*'],
  ['DAYBOOK_ALLOWED_ORIGINS', 'https://*.'],
  ['DAYBOOK_ALLOWED_ORIGINS', 'https://a*.example'],
  ['DAYBOOK_ALLOWED_ORIGINS', 'https://a.*.example'],
  ['DAYBOOK_ALLOWED_ORIGINS', 'https://*.10.0.0.1'],
  ['DAYBOOK_ALLOWED_ORIGINS', 'https://*.a.example/path'],
  ['LOG_FORMAT', 'text'],
  ['DAYBOOK_KEEP_ALIVE_MS', '0'],
  ['DAYBOOK_ALLOWED_ORIGINS', 'null'],
  ['DAYBOOK_ALLOWED_ORIGINS', 'https://a.example/path'],
  ['DAYBOOK_TRUSTED_PROXIES', 'proxy.example'],
  ['DAYBOOK_TRUSTED_PROXIES', '10.0.0.0/33'],
  ['DAYBOOK_MAX_BODY_BYTES', '1'],
  ['DAYBOOK_TIMEZONE', 'BST'],
  ['DAYBOOK_TIMEZONE', 'cst'],
  ['DAYBOOK_TIMEZONE', '+01:00'],
  ['DAYBOOK_URL', 'ftp://a.example'],
] as const)('%s refuses %j', ([variable, text]) => {
  expect(faultsOf({ env: { [variable]: text } })).toEqual([expect.stringMatching(`^${variable}: `)])
})

test('a fault never shows the value', () => {
  const env = { DATABASE_URL: 'hunter2', DAYBOOK_SUPER_TOKEN: 'hunter2', DAYBOOK_PEPPER: 'hunter2' }
  expect(faultsOf({ env })).toHaveLength(3)
  expect(faultsOf({ env }).join()).not.toContain('hunter2')
})

test('values are taken as they are meant', () => {
  const env = {
    DATABASE_URL: 'postgres://db/daybook',
    DAYBOOK_SUPER_TOKEN: superToken,
    DAYBOOK_JWT_SECRET: secret32,
    DAYBOOK_ALLOWED_HOSTS: 'Daybook.Example, [::2],10.0.0.1,*.Apps.example',
    DAYBOOK_TRUSTED_PROXIES: '10.0.0.1, fd00::/8',
    DAYBOOK_ALLOWED_ORIGINS: 'https://console.example,http://localhost:3000/,https://*.apps.example:8443',
  }
  expect(readConfig({ env })).toMatchObject({
    databaseUrl: 'postgres://db/daybook',
    superToken,
    jwtSecret: secret32,
    trustedProxies: ['10.0.0.1', 'fd00::/8'],
    allowedHosts: ['daybook.example', '[::2]', '10.0.0.1', '*.apps.example'],
    allowedOrigins: ['https://console.example', 'http://localhost:3000', 'https://*.apps.example:8443'],
  })
})

test('a secret comes from a file, its last line end dropped', () => {
  const path = fileHolding(`${secret32}\n`)
  expect(readConfig({ env: { DAYBOOK_PEPPER_FILE: path } }).pepper).toBe(secret32)
})

test('a secret given twice, or in a file that cannot be read, is a fault', () => {
  const path = fileHolding(secret32)
  expect(faultsOf({ env: { DAYBOOK_PEPPER: secret32, DAYBOOK_PEPPER_FILE: path } })).toHaveLength(1)
  expect(faultsOf({ env: { DAYBOOK_PEPPER_FILE: `${path}.none` } })).toHaveLength(1)
})

test('what is no secret has no file', () => {
  expect(faultsOf({ env: { DAYBOOK_JWT_ISSUER_FILE: '/x' } })).toHaveLength(1)
})

test('a replica without a database is a fault', () => {
  expect(faultsOf({ env: { DATABASE_READ_URL: 'postgres://replica' } })).toHaveLength(1)
  expect(faultsOf({ env: { DATABASE_LISTEN_URL: 'postgres://direct' } })).toHaveLength(1)
})

test('a public key is RSA of 2048 bits or more, or P-256, and not private', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const pem = (key: KeyObject) =>
    key.export({ type: key.type === 'public' ? 'spki' : 'pkcs8', format: 'pem' })
  const faults = (key: KeyObject) => faultsOf({ env: { DAYBOOK_JWT_PUBLIC_KEY: String(pem(key)) } })
  for (const key of [rsa.publicKey, p256.publicKey]) expect(faults(key)).toEqual([])
  for (const key of [small.publicKey, p384.publicKey, rsa.privateKey]) expect(faults(key)).toHaveLength(1)
})

test('a public key may have lost its line ends or its armour, as it does in an environment', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const taken = (text: string) => readConfig({ env: { DAYBOOK_JWT_PUBLIC_KEY: text } }).jwtPublicKey
  const body = (pem: string) => pem.replace(/-----[^-]+-----/g, '')
  const pems = [rsa.publicKey, p256.publicKey].map(key => key.export({ type: 'spki', format: 'pem' }))
  for (const pem of [...pems, rsa.publicKey.export({ type: 'pkcs1', format: 'pem' })].map(String)) {
    const ways = [
      pem,
      pem.trim(),
      pem.replaceAll('\n', '\r\n'),
      pem.replaceAll('\n', '\\n'),
      pem.replaceAll('\n', '\\r\\n'),
      pem.replaceAll('\n', ' '),
      pem.replaceAll('\n', ''),
      `"${pem.replaceAll('\n', '\\n')}"`,
      body(pem),
      body(pem).replaceAll('\n', ''),
    ]
    for (const text of ways) expect(taken(text)).toBe(pem)
  }
  const hidden = String(rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  for (const text of [hidden.replaceAll('\n', '\\n'), body(hidden), `${hidden}${pems[0]}`]) {
    expect(faultsOf({ env: { DAYBOOK_JWT_PUBLIC_KEY: text } })).toHaveLength(1)
  }
})

test('every setting says what it takes and what it is for', () => {
  for (const { takes, summary } of Object.values(settings)) {
    expect(takes).not.toBe('')
    expect(summary).not.toBe('')
  }
})

test('every default is what its setting takes', () => {
  for (const [variable, setting] of Object.entries(settings)) {
    const text = defaultText(setting)
    if (text !== '') expect(readConfig({ env: { [variable]: text } })).toEqual(readConfig({ env: {} }))
  }
})

test('workers are a number or one for each core, and need a database that processes can share', () => {
  const env = { DATABASE_URL: 'postgres://localhost/daybook' }
  expect(readConfig({ env: { ...env, DAYBOOK_WORKERS: '3' } }).workers).toBe(3)
  expect(readConfig({ env, flags: { DAYBOOK_WORKERS: 'auto' } }).workers).toBeGreaterThanOrEqual(1)
  for (const text of ['0', '65', 'all']) {
    expect(faultsOf({ env: { ...env, DAYBOOK_WORKERS: text } })).toHaveLength(1)
  }
  expect(faultsOf({ env: { DAYBOOK_WORKERS: '2' } })).toHaveLength(1)
  expect(readConfig({ env: { DAYBOOK_WORKERS: '1' } }).workers).toBe(1)
})
