import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeContentsPrivate, makePrivateFolder } from '../src/private-folder.ts'

test('a folder is made for its owner alone, with those above it', async () => {
  const above = join(await temporaryFolder(), 'above')
  await makePrivateFolder(join(above, 'below'))
  expect(await rightsOf(above)).toBe(0o700)
  expect(await rightsOf(join(above, 'below'))).toBe(0o700)
})

test('one that others could enter loses their rights', async () => {
  const folder = await temporaryFolder()
  await chmod(folder, 0o775)
  await makePrivateFolder(folder)
  expect(await rightsOf(folder)).toBe(0o700)
})

test('one that is everybody’s is refused and stays as it is', async () => {
  const folder = join(await temporaryFolder(), 'shared')
  await mkdir(folder)
  await chmod(folder, 0o1777)
  await expect(makePrivateFolder(folder)).rejects.toThrow('shared with others')
  expect(await rightsOf(folder)).toBe(0o1777)
})

test('all that is in one is taken from others, however deep', async () => {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'deep'), { mode: 0o755 })
  for (const file of ['one', 'deep/two']) {
    await writeFile(join(folder, file), '')
    await chmod(join(folder, file), 0o666)
  }
  await makeContentsPrivate(folder)
  const rights = await Promise.all(['deep', 'one', 'deep/two'].map(file => rightsOf(join(folder, file))))
  expect(rights).toEqual([0o700, 0o600, 0o600])
})

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-private-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

async function rightsOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o7777
}
