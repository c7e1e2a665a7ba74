import { expect, test } from 'vitest'
import { loadServerSecrets } from '../../src/token/server-secrets.ts'
import { describeEngines } from '../support/databases.ts'

const pepper = 'a pepper of at least thirty-two bytes'

describeEngines('the secrets of a database', open => {
  test('are generated once, and the same for servers that start together or later', async () => {
    const database = await open()
    const [first, ...others] = await Promise.all(
      Array.from({ length: 5 }, () => loadServerSecrets(database, {})),
    )
    for (const other of others) expect(other).toEqual(first)
    expect(await loadServerSecrets(database, {})).toEqual(first)
    expect(Buffer.byteLength(first?.jwtSecret ?? '')).toBeGreaterThanOrEqual(32)
    expect(first?.pepper).not.toBe(first?.jwtSecret)
  })

  test('are the configured ones where there are some, and those are not stored', async () => {
    const database = await open()
    const jwtSecret = 'a configured secret of thirty-two bytes'
    const sealingKey = 'another configured secret of many bytes'
    const given = { pepper, jwtSecret, sealingKey }
    expect(await loadServerSecrets(database, given)).toEqual(given)
    const rows = await database.kysely.selectFrom('server_secret').selectAll().execute()
    expect(JSON.stringify(rows)).not.toContain(pepper)
    expect(JSON.stringify(rows)).not.toContain(jwtSecret)
    expect(JSON.stringify(rows)).not.toContain(sealingKey)
  })

  test('refuse another pepper than the first one, and none where there was one', async () => {
    const database = await open()
    await loadServerSecrets(database, { pepper })
    await expect(loadServerSecrets(database, { pepper: `${pepper}!` })).rejects.toThrow('DAYBOOK_PEPPER')
    await expect(loadServerSecrets(database, {})).rejects.toThrow('DAYBOOK_PEPPER')
    expect((await loadServerSecrets(database, { pepper })).pepper).toBe(pepper)
  })

  test('refuse a pepper where one was generated, unless it is that one', async () => {
    const database = await open()
    const generated = await loadServerSecrets(database, {})
    await expect(loadServerSecrets(database, { pepper })).rejects.toThrow('DAYBOOK_PEPPER')
    expect(await loadServerSecrets(database, { pepper: generated.pepper })).toEqual(generated)
  })
})
