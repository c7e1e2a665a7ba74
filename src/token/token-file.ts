import { randomUUID } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeyAndSecret } from '../permission/credential.ts'
import { makePrivateFolder } from '../private-folder.ts'

/** The file of the data folder that holds the super token. */
export function tokenFilePath(dataDir: string): string {
  return join(dataDir, 'super-token')
}

/** Writes `key:secret` for its owner alone (mode 0600): whole or not at all. Answers the file's path. */
export async function writeTokenFile(dataDir: string, { key, secret }: KeyAndSecret): Promise<string> {
  const path = tokenFilePath(dataDir)
  await makePrivateFolder(dataDir)
  // A unique name, so that the mode applies to a new file and two servers do not write the same one.
  const draft = `${path}.${randomUUID()}`
  try {
    await writeDurably(draft, `${key}:${secret}\n`)
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  return path
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}
