import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ConsoleSize, describeSize, firstViewBytes, prepareConsole } from '../src/prepare-console.ts'

let folder: string
let size: ConsoleSize

beforeAll(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'daybook-console-')), 'console')
  size = await prepareConsole(folder)
})

afterAll(() => rm(join(folder, '..'), { recursive: true }))

test('the first view of the console stays small', () => {
  expect(size.firstView).toBeGreaterThan(20_000)
  expect(size.firstView).toBeLessThan(firstViewBytes)
  expect(describeSize(size)).not.toContain('more than')
  expect(describeSize({ ...size, firstView: firstViewBytes + 1 })).toContain('more than')
})

test('the page names files that are there, relative to itself, and holds no script or style of its own', async () => {
  const page = await readFile(join(folder, 'index.html'), 'utf8')
  const named = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(match => match[1] ?? '')
  expect(named).toHaveLength(3)
  const files = await readdir(folder)
  for (const name of named) {
    expect(name).toMatch(/^[\w.-]+-[\dA-Za-z]{8}\.(?:js|css|svg)$/)
    expect(files).toContain(name)
  }
  expect(page).not.toMatch(/<style|style=|<script[^>]*>[^<]|\son\w+=/)
})

test('every file is there compressed, too, and no source map is shipped', async () => {
  const files = await readdir(folder)
  const plain = files.filter(name => !/\.(?:br|gz)$/.test(name))
  expect(plain.filter(name => name.endsWith('.map'))).toEqual([])
  expect(files).toHaveLength(plain.length * 3)
  for (const name of plain) {
    const read = (suffix: string): Promise<Buffer> => readFile(join(folder, name + suffix))
    expect(gunzipSync(await read('.gz')).equals(await read(''))).toBe(true)
    expect(brotliDecompressSync(await read('.br')).equals(await read(''))).toBe(true)
  }
})

test('a second build leaves nothing of the first', async () => {
  const before = await readdir(folder)
  await prepareConsole(folder)
  expect(await readdir(folder)).toEqual(before)
  expect(await readdir(join(folder, '..'))).toEqual(['console'])
})
