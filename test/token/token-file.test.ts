import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { tokenFilePath, writeTokenFile } from '../../src/token/token-file.ts'

async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-token-file-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

test('the token file is for its owner alone, in a folder that is made when it is missing', async () => {
  const dataDir = join(await tempFolder(), 'data')
  const path = await writeTokenFile(dataDir, { key: 'key', secret: 'secret' })
  expect(path).toBe(tokenFilePath(dataDir))
  expect(await readFile(path, 'utf8')).toBe('key:secret\n')
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

test('a token file that others may read is replaced, not written into', async () => {
  const dataDir = await tempFolder()
  await writeFile(tokenFilePath(dataDir), 'a longer text that was here before', { mode: 0o644 })
  await writeTokenFile(dataDir, { key: 'key', secret: 'secret' })
  expect(await readFile(tokenFilePath(dataDir), 'utf8')).toBe('key:secret\n')
  expect((await stat(tokenFilePath(dataDir))).mode & 0o777).toBe(0o600)
  expect(await readdir(dataDir)).toEqual(['super-token'])
})
