import { expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { isSecretOf } from '../../src/permission/credential.ts'
import { ensureSuperToken } from '../../src/token/first-start.ts'
import { findTokenByUsername } from '../../src/token/store.ts'
import { describeEngines } from '../support/databases.ts'

const pepper = 'p'.repeat(32)
const save = async () => undefined
const other = `${'k'.repeat(16)}:${'s'.repeat(32)}`

async function root(database: Database) {
  const token = await findTokenByUsername(database, 'root')
  return { ...token, opensWith: (secret: string) => isSecretOf(token?.secret_digest, secret, pepper) }
}

describeEngines('a first start', open => {
  test('makes one super token, whoever of several servers comes first', async () => {
    const database = await open()
    const saved: string[] = []
    const answers = await Promise.all(
      Array.from({ length: 5 }, () =>
        ensureSuperToken({ database, pepper, save: async ({ secret }) => saved.push(secret) }),
      ),
    )
    const created = answers.flatMap(answer => answer.created ?? [])
    expect(created).toHaveLength(1)
    expect(saved).toEqual(created.map(({ secret }) => secret))
    const token = await root(database)
    expect(token).toMatchObject({ token_key: created[0]?.key, is_super: true, token_limit: [] })
    expect(token.opensWith(created[0]?.secret ?? '')).toBe(true)
    expect(await ensureSuperToken({ database, pepper, save })).toEqual({})
  })

  test('makes none when the secret cannot be kept for its owner', async () => {
    const database = await open()
    const full = () => Promise.reject(new Error('disk full'))
    await expect(ensureSuperToken({ database, pepper, save: full })).rejects.toThrow()
    expect((await ensureSuperToken({ database, pepper, save })).created).toBeDefined()
  })

  test('takes a configured token, saves nothing, and changes nothing when it comes again', async () => {
    const database = await open()
    const options = { database, pepper, superToken: other, save: () => Promise.reject(new Error('saved')) }
    expect(await ensureSuperToken(options)).toEqual({})
    expect(await ensureSuperToken(options)).toEqual({})
    const token = await root(database)
    expect(token).toMatchObject({ token_key: 'k'.repeat(16), secret_generation: 1 })
    expect(token.opensWith('s'.repeat(32))).toBe(true)
  })

  test('replaces the token that is there by the configured one, and ends its JWTs', async () => {
    const database = await open()
    const { created } = await ensureSuperToken({ database, pepper, save })
    await ensureSuperToken({ database, pepper, save, superToken: other })
    const token = await root(database)
    expect(token).toMatchObject({ token_key: 'k'.repeat(16), secret_generation: 2, is_super: true })
    expect(token.opensWith('s'.repeat(32))).toBe(true)
    expect(token.opensWith(created?.secret ?? '')).toBe(false)
  })
})
