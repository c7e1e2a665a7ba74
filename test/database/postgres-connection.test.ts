import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../src/database/open.ts'
import { StartError } from '../../src/database/start-error.ts'
import { rawStatement } from '../../src/database/statement.ts'
import { makeEmptyFolder } from '../cli/daybook.ts'
import { selfSigned } from '../outbound/self-signed.ts'
import { giveTo, serverUser } from '../support/postgres-binaries.ts'
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts'

const isEncrypted = rawStatement('select ssl from pg_stat_ssl where pid = pg_backend_pid()')

/** Whether the connections of a database are encrypted that this URL names. */
async function encryption(url: string, parameters: string): Promise<unknown> {
  const database = await openDatabase({
    url: `${url}${parameters && `?${parameters}`}`,
    onError: () => undefined,
  })
  try {
    const other = await database.transaction(runner => runner.run(isEncrypted, []))
    expect((await database.run(isEncrypted, [])).rows).toEqual(other.rows)
    return other.rows[0]?.[0]
  } finally {
    await database.close()
  }
}

const warnings: string[] = []
const note = (warning: Error): void => void warnings.push(warning.message)

beforeAll(() => void process.on('warning', note))
afterAll(() => void process.off('warning', note))

describe('sslmode, of a server without TLS', () => {
  test.each(['', 'sslmode=disable', 'sslmode=allow', 'sslmode=prefer'])(
    '%j connects without',
    async parameters => {
      expect(await encryption(inject('postgresUrl'), parameters)).toBe(false)
    },
  )

  test.each(['require', 'no-verify', 'verify-full'])('%s does not connect', async mode => {
    await expect(encryption(inject('postgresUrl'), `sslmode=${mode}`)).rejects.toThrow()
  })

  test.each(['sslmode=requir', 'sslmode=', 'sslmode=verify-ca', 'sslmode=verify-full&sslrootcert=/none'])(
    '%s is a fault of the operator',
    async parameters => {
      await expect(encryption(inject('postgresUrl'), parameters)).rejects.toBeInstanceOf(StartError)
    },
  )
})

describe('sslmode, of a server with TLS whose certificate names another host', () => {
  let server: PostgresServer
  let folder: Awaited<ReturnType<typeof makeEmptyFolder>>
  let root: string

  beforeAll(async () => {
    folder = await makeEmptyFolder()
    const [cert, key] = ['cert.pem', 'key.pem'].map(name => join(folder.path, name)) as [string, string]
    writeFileSync(cert, selfSigned.cert)
    writeFileSync(key, selfSigned.key, { mode: 0o600 })
    chmodSync(folder.path, 0o755)
    const user = serverUser()
    if (user !== undefined) giveTo(folder.path, user)
    root = cert
    server = await startPostgres({ settings: { ssl: 'on', ssl_cert_file: cert, ssl_key_file: key } })
  })

  afterAll(async () => {
    await server.stop()
    await folder.remove()
  })

  test.each([
    ['', false],
    ['sslmode=disable', false],
    ['sslmode=allow', true],
    ['sslmode=prefer', true],
    ['sslmode=require', true],
    ['sslmode=no-verify', true],
    ['sslmode=require&sslrootcert=ROOT', true],
    ['sslmode=verify-ca&sslrootcert=ROOT', true],
  ])('%j: encrypted %s', async (parameters, encrypted) => {
    expect(await encryption(server.url, parameters.replace('ROOT', encodeURIComponent(root)))).toBe(encrypted)
  })

  test('verify-full wants a certificate that is known and names the host', async () => {
    await expect(encryption(server.url, 'sslmode=verify-full')).rejects.toMatchObject({
      message: expect.stringContaining('self-signed'),
    })
    const known = `sslmode=verify-full&sslrootcert=${encodeURIComponent(root)}`
    await expect(encryption(server.url, known)).rejects.toMatchObject({
      message: expect.stringContaining('127.0.0.1'),
    })
  })

  test('a certificate that is not known is refused where one is to be verified', async () => {
    const folder = await makeEmptyFolder()
    onTestFinished(() => folder.remove())
    const other = join(folder.path, 'none.pem')
    writeFileSync(other, '')
    for (const mode of ['require', 'verify-ca']) {
      const parameters = `sslmode=${mode}&sslrootcert=${encodeURIComponent(other)}`
      await expect(encryption(server.url, parameters)).rejects.toThrow()
    }
  })
})

test('none of them warns', () => {
  expect(warnings).toEqual([])
})
