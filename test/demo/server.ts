import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startApp } from '../../src/app/app.ts'
import { type Config, readConfig } from '../../src/config.ts'
import { createLogger } from '../../src/logger.ts'

/** A server to show things on; `close` undoes whatever was started for it. */
export interface DemoServer {
  readonly url: string
  readonly token: string | undefined
  readonly isTemporary: boolean
  close(): Promise<void>
}

/** The server of DAYBOOK_URL, presenting DAYBOOK_TOKEN; without one a temporary server in the temp folder. */
export async function openDemoServer({ url, token }: Config): Promise<DemoServer> {
  if (url !== undefined) return { url, token, isTemporary: false, close: async () => undefined }
  const folder = await mkdtemp(join(tmpdir(), 'daybook-demo-'))
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    const config = readConfig({ env: { DAYBOOK_DATA: folder, PORT: '0', LOG_LEVEL: 'warn' } })
    const app = await startApp(config, createLogger({ level: config.logLevel }))
    const close = async (): Promise<void> => {
      await app.close()
      await remove()
    }
    return { url: app.url, token: app.superToken, isTemporary: true, close }
  } catch (error) {
    await remove()
    throw error
  }
}
