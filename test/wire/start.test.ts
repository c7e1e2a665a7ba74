import { expect, onTestFinished, test } from 'vitest'
import { startApp } from '../../src/app/app.ts'
import { ConfigError, readConfig } from '../../src/config.ts'
import { createLogger } from '../../src/logger.ts'
import { engines } from '../support/databases.ts'
import { startOn } from './support/app.ts'
import { createTestData } from './support/data.ts'

const tooShort = 'thirty-one bytes are not enough'

test.each(engines)('a JWT secret of 31 bytes keeps the server from starting (%s)', async engine => {
  expect(Buffer.byteLength(tooShort)).toBe(31)
  const data = await createTestData(engine)
  onTestFinished(data.remove)
  const fault = await startOn(data, { DAYBOOK_JWT_SECRET: tooShort }).catch((error: unknown) => error)
  expect(fault).toBeInstanceOf(ConfigError)
  expect(fault).toHaveProperty('faults', ['DAYBOOK_JWT_SECRET: expected at least 32 bytes'])
  expect(String(fault)).not.toContain(tooShort)

  // Also when it gets past the configuration; and what was opened by then is closed.
  const config = readConfig({ env: { ...data.env, PORT: '0' } })
  const logger = createLogger({ level: 'silent' })
  await expect(startApp({ ...config, jwtSecret: tooShort }, logger)).rejects.toThrow('32 bytes')
  const { close } = await startOn(data, { DAYBOOK_JWT_SECRET: `${tooShort}!`, DAYBOOK_PEPPER: '' })
  await close()
})
