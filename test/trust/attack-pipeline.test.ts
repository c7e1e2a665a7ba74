import { expect, onTestFinished, test, vi } from 'vitest'
import { openDatabase } from '../../src/database/open.ts'
import { rawStatement } from '../../src/database/statement.ts'
import { onBehalfOf } from '../../src/fairness/behalf.ts'
import { Texts } from '../database/texts.ts'
import { createTestPostgres } from '../support/databases.ts'
import { feltBeside, report } from './other-client.ts'

vi.setConfig({ testTimeout: 60_000 })

// Small reads of all clients share two connections, where one that is slow would stand before all others.

const attackers = 8
const attackMs = 5000

test('reads that look small and are slow, of many tokens, hold up the small ones of another for a moment', async () => {
  const own = await createTestPostgres()
  const database = await openDatabase({ url: own.url, onError: () => undefined })
  onTestFinished(() => database.close().then(own.drop))
  const read = (sql: string, whom: string) =>
    onBehalfOf(whom, () => database.read.take?.(rawStatement(sql), [], new Texts(), true))
  const until = performance.now() + attackMs
  const attack = async (whom: string): Promise<void> => {
    while (performance.now() < until) await read("select 'slept' || pg_sleep(0.4)", whom)
  }
  const ask = async () => read("select 'read'", 'another')
  const felt = await feltBeside({ ask, pauseMs: 5 }, () =>
    Promise.all(Array.from({ length: attackers * 2 }, (_, i) => attack(`attacker ${i % attackers}`))),
  )
  report(`small reads beside ${attackers} tokens with slow ones`, felt)
  expect(felt).toMatchObject({ refused: 0 })
  expect(felt.answered).toBeGreaterThan(50)
  expect(felt.median).toBeLessThan(50)
  expect(felt.worst).toBeLessThan(2000)
})
