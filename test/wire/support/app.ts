import { startApp } from '../../../src/app/app.ts'
import { readConfig } from '../../../src/config.ts'
import type { Engine } from '../../../src/database/database.ts'
import { createLogger } from '../../../src/logger.ts'
import { createTestData, type TestData } from './data.ts'

/** What every test server is configured with, so that tests can present credentials and forge them. */
export const secrets = {
  root: 'SuperTokenKey123:SuperTokenSecret0123456789abcdef',
  jwt: 'the secret that signs the JWTs of these tests',
  pepper: 'the pepper of the digests of these tests',
} as const

export interface AppOptions {
  /** Further variables of the environment. */
  readonly env?: Readonly<Record<string, string>>
  /** SQL, one statement, that is run on the migrated database before the server starts. */
  readonly prepare?: string
}

/** The whole server, as `daybook serve` runs it. */
export interface TestApp {
  readonly url: string
  /** The lines it has logged so far; at trace level, unless its environment says otherwise. */
  readonly log: readonly string[]
  close(): Promise<void>
}

/** Starts a server on a database of its own, which `close` removes. */
export async function startTestApp(engine: Engine, { env, prepare }: AppOptions = {}): Promise<TestApp> {
  const data = await createTestData(engine, prepare)
  try {
    const app = await startOn(data, env)
    return { ...app, close: () => app.close().finally(data.remove) }
  } catch (error) {
    await data.remove()
    throw error
  }
}

/** Starts a server on a database that outlives it. */
export async function startOn(data: TestData, env: AppOptions['env'] = {}): Promise<TestApp> {
  const log: string[] = []
  const config = readConfig({ env: { ...ownEnv, ...data.env, ...env } })
  const logger = createLogger({ level: config.logLevel, stream: { write: line => void log.push(line) } })
  const { url, close } = await startApp(config, logger, { passwordCost })
  return { url, log, close }
}

// At its real cost one password takes 220 ms of CPU.
const passwordCost = { N: 2 ** 10, r: 8, p: 1 }

const ownEnv = {
  PORT: '0',
  LOG_LEVEL: 'trace',
  DAYBOOK_SUPER_TOKEN: secrets.root,
  DAYBOOK_JWT_SECRET: secrets.jwt,
  DAYBOOK_PEPPER: secrets.pepper,
}
