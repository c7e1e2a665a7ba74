import { expect, test } from 'vitest'
import { createSealer } from '../src/seal.ts'

const sealer = createSealer('a secret text of some length')

test('a sealed text opens again, whatever it holds', () => {
  for (const text of ['', 'whsec_abc', 'ключ 🔑\u0000\n', 'x'.repeat(100_000)]) {
    expect(sealer.open(sealer.seal(text))).toBe(text)
    expect(createSealer('a secret text of some length').open(sealer.seal(text))).toBe(text)
  }
})

test('a sealed text shows nothing of what it holds, and never looks the same twice', () => {
  const sealed = sealer.seal('swordfish')
  expect(sealed).toMatch(/^v1\.[\w-]+$/)
  expect(Buffer.from(sealed.slice(3), 'base64url').includes('swordfish')).toBe(false)
  expect(sealer.seal('swordfish')).not.toBe(sealed)
})

test('a text sealed with another key does not open', () => {
  expect(() => createSealer('another secret text').open(sealer.seal('swordfish'))).toThrow(Error)
})

test('a sealed text with any character changed does not open', () => {
  const sealed = sealer.seal('swordfish')
  for (let i = 0; i < sealed.length; i++) {
    for (const other of ['A', 'B', '_', '.', '=', ' ']) {
      if (sealed[i] === other) continue
      const changed = sealed.slice(0, i) + other + sealed.slice(i + 1)
      expect(() => sealer.open(changed), changed).toThrow(Error)
    }
  }
})

test('a sealed text that was cut, lengthened or never sealed does not open', () => {
  const sealed = sealer.seal('swordfish')
  for (let length = 0; length < sealed.length; length++) {
    expect(() => sealer.open(sealed.slice(0, length)), String(length)).toThrow(Error)
  }
  for (const text of [
    `${sealed}A`,
    `${sealed}\n`,
    `${sealed}.`,
    `v2${sealed.slice(2)}`,
    'swordfish',
    'v1.',
  ]) {
    expect(() => sealer.open(text), text).toThrow(Error)
  }
})
