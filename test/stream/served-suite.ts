import { afterAll, beforeAll } from 'vitest'
import { startOn, type TestApp } from '../wire/support/app.ts'
import { createTestData, type TestData } from '../wire/support/data.ts'
import { createWire, type Wire } from '../wire/support/wire.ts'
import { openTestPostgres, type TestPostgres } from './test-postgres.ts'

/** A server on PostgreSQL for all tests of a suite, its client, and its database. Only tests and hooks may use them. */
export interface ServedSuite {
  readonly data: TestData
  readonly app: TestApp
  readonly postgres: TestPostgres
  readonly wire: Wire
}

export function serveSuite(): ServedSuite {
  let data: TestData | undefined
  let app: TestApp | undefined
  let postgres: TestPostgres | undefined

  beforeAll(async () => {
    data = await createTestData('postgres')
    app = await startOn(data)
    postgres = await openTestPostgres(data)
  })
  afterAll(async () => {
    await postgres?.end()
    await app?.close()
    await data?.remove()
  })

  return {
    get data() {
      return started(data)
    },
    get app() {
      return started(app)
    },
    get postgres() {
      return started(postgres)
    },
    wire: createWire(() => started(app)),
  }
}

function started<T>(part: T | undefined): T {
  if (part === undefined) throw new TypeError('the server has not started yet')
  return part
}
