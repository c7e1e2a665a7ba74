import { appendFile, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { DeliveryError, Destination, Items } from '../../src/sink/destination.ts'
import { fileDestination } from '../../src/sink/file.ts'
import type { StoredSink } from '../../src/sink/sink.ts'
import { numbersTo, temporaryFolder } from './sink-setup.ts'

interface Place {
  readonly dataDir: string
  readonly path: string
  /** The numbers of the lines. */
  numbers(): Promise<number[]>
  /** The names of the files that were put aside, oldest first. */
  aside(): Promise<string[]>
}

let now = 1_700_000_000_000

const mebibyte = 1024 * 1024

async function newPlace(): Promise<Place> {
  const dataDir = await temporaryFolder()
  const folder = join(dataDir, 'sinks')
  const path = join(folder, 'out.ndjson')
  return {
    dataDir,
    path,
    numbers: async () => numbersIn(await readFile(path, 'utf8')),
    aside: async () => (await readdir(folder)).filter(file => file.startsWith('out-')).sort(),
  }
}

function numbersIn(text: string): number[] {
  const lines = text.split('\n')
  expect(lines.pop()).toBe('')
  return lines.map(line => JSON.parse(line).sequence_number)
}

/** The file of a sink, opened as after a start. */
function reopen({ dataDir }: Place, { id = 1, maxBytes = mebibyte, keep = 10 } = {}): Destination {
  const sink = { id, created_time: 1_700_000_000_000 } as StoredSink
  const target = { name: 'out', max_bytes: maxBytes, keep }
  const file = fileDestination(sink, target, { dataDir, clock: () => now++ })
  onTestFinished(file.close)
  return file
}

function itemsOf(numbers: readonly number[], text = 'x'): Items {
  return numbers.map(number => ({
    number,
    text: JSON.stringify({ sequence_number: number, row: { text } }),
  })) as unknown as Items
}

async function deliver(to: Destination, numbers: readonly number[], text?: string): Promise<void> {
  await to.deliver(itemsOf(numbers, text), 1, new AbortController().signal)
}

test('each item is a line that only the owner can read', async () => {
  const place = await newPlace()
  const file = reopen(place)
  await deliver(file, [1, 2], 'é\n')
  await deliver(file, [5])
  await file.close()
  const [line] = (await readFile(place.path, 'utf8')).split('\n')
  expect(line).toBe('{"sequence_number":1,"row":{"text":"é\\n"}}')
  expect(await place.numbers()).toEqual([1, 2, 5])
  expect((await stat(place.path)).mode & 0o777).toBe(0o600)
  expect((await stat(join(place.dataDir, 'sinks'))).mode & 0o777).toBe(0o700)
})

test('what was written but not confirmed is recognised, wherever the batch ends this time', async () => {
  const place = await newPlace()
  await deliver(reopen(place), [1, 2, 3, 4])
  const again = reopen(place)
  await deliver(again, [3, 4])
  await deliver(again, [3, 4, 5, 6])
  expect(await place.numbers()).toEqual(numbersTo(6))
})

test.each([
  ['half a line', '{"sequence_number":5,"ro'],
  ['half a line as long as a chunk', `{"sequence_number":5,"row":{"text":"${'y'.repeat(200_000)}`],
  ['zeros where the disk had no time', '\0'.repeat(5000)],
  ['a line without its beginning', 'w":{}}\n'],
  ['a line behind zeros', `${'\0'.repeat(100)}"row":{}}\n{"sequence_number":6`],
])('%s at the end is cut off', async (_what, torn) => {
  const place = await newPlace()
  await deliver(reopen(place), [1, 2, 3, 4], 'z'.repeat(70_000))
  await appendFile(place.path, torn)
  await deliver(reopen(place), [4, 5])
  expect(await place.numbers()).toEqual(numbersTo(5))
})

test('a file with nothing but half a line is begun anew', async () => {
  const place = await newPlace()
  await deliver(reopen(place), [1])
  await truncate(place.path, 5)
  await deliver(reopen(place), [1, 2])
  expect(await place.numbers()).toEqual([1, 2])
})

test('a file that would grow too large is put aside, and the oldest go', async () => {
  const place = await newPlace()
  const file = reopen(place, { maxBytes: 1024, keep: 2 })
  for (const n of numbersTo(10)) await deliver(file, [n * 3 - 2, n * 3 - 1, n * 3], 'x'.repeat(200))
  const aside = await place.aside()
  expect(aside).toHaveLength(2)
  const texts = aside.map(name => readFile(join(place.dataDir, 'sinks', name), 'utf8'))
  const numbers = [...(await Promise.all(texts)).flatMap(numbersIn), ...(await place.numbers())]
  expect(numbers).toEqual(numbersTo(30).slice(-numbers.length))
  expect(aside[1]).toMatch(new RegExp(`-${numbers.at(-(await place.numbers()).length - 1)}\\.ndjson$`))
  for (const name of ['out.ndjson', ...aside]) {
    expect((await stat(join(place.dataDir, 'sinks', name))).size).toBeLessThanOrEqual(1024)
  }
})

test('a line longer than a file may be has a file of its own', async () => {
  const place = await newPlace()
  const file = reopen(place, { maxBytes: 1024 })
  await deliver(file, [1, 2], 'x'.repeat(3000))
  expect(await place.numbers()).toEqual([2])
  expect(await place.aside()).toHaveLength(1)
})

test('what was put aside before it was confirmed is not written again', async () => {
  const place = await newPlace()
  await deliver(reopen(place, { maxBytes: 1024 }), [1, 2, 3, 4, 5, 6], 'x'.repeat(300))
  await rm(place.path)
  await deliver(reopen(place, { maxBytes: 1024 }), [1, 2, 3, 4, 5, 6, 7], 'x'.repeat(300))
  const aside = await place.aside()
  const texts = await Promise.all(aside.map(name => readFile(join(place.dataDir, 'sinks', name), 'utf8')))
  // The file that was taken away held the last ones: those are written again, and no other.
  expect([...texts.flatMap(numbersIn), ...(await place.numbers())]).toEqual(numbersTo(7))
})

test('the file of another sink that had the name is put aside, whatever its numbers say', async () => {
  const place = await newPlace()
  await deliver(reopen(place), [1, 2, 3], 'old')
  await deliver(reopen(place, { id: 2 }), [1, 2], 'new')
  expect(await readFile(place.path, 'utf8')).not.toContain('old')
  expect(await place.numbers()).toEqual([1, 2])
  const files = await readdir(join(place.dataDir, 'sinks'))
  const old = files.find(file => file.startsWith('old-'))
  expect(await readFile(join(place.dataDir, 'sinks', old ?? ''), 'utf8')).toContain('"old"')
})

test('a file that is taken away or emptied while it is written to is begun anew', async () => {
  const place = await newPlace()
  const file = reopen(place)
  await deliver(file, [1, 2])
  await rm(place.path)
  await deliver(file, [3])
  expect(await place.numbers()).toEqual([3])
  await truncate(place.path, 0)
  await deliver(file, [4])
  expect(await place.numbers()).toEqual([4])
})

test('a folder that cannot be written fails the delivery without naming it, and is tried again', async () => {
  const place = await newPlace()
  await writeFile(join(place.dataDir, 'sinks'), 'no folder')
  const file = reopen(place)
  const failed: DeliveryError = await deliver(file, [1]).catch(error => error)
  expect(failed).toMatchObject({ name: 'DeliveryError', lasting: undefined })
  expect(failed.message).toMatch(/^file_failed: E[A-Z]+$/)
  await rm(join(place.dataDir, 'sinks'))
  await deliver(file, [1, 2])
  expect(await place.numbers()).toEqual([1, 2])
})
