import { expect, test } from 'vitest'
import { createPasswords } from '../../src/permission/password.ts'

const cost = { N: 1024, r: 8, p: 1 }

test('a password is kept as its scrypt hash, salted anew each time', async () => {
  const passwords = createPasswords({ cost })
  const stored = await passwords.hash('correct horse')
  expect(stored).toMatch(/^scrypt\$1024\$8\$1\$[\w-]{22}\$[\w-]{43}$/)
  expect(await passwords.hash('correct horse')).not.toBe(stored)
})

test('a server spends 2^15 blocks of 1 KiB, three times over, on a password', async () => {
  expect(await createPasswords().hash('correct horse')).toMatch(/^scrypt\$32768\$8\$3\$/)
})

test('only the same password is right', async () => {
  const passwords = createPasswords({ cost })
  const stored = await passwords.hash('correct horse')
  expect(await passwords.verify('correct horse', stored)).toBe(true)
  expect(await passwords.verify('Correct horse', stored)).toBe(false)
  expect(await passwords.verify('correct horse', undefined)).toBe(false)
})

test('a password is the same however its accents are composed', async () => {
  const passwords = createPasswords({ cost })
  const stored = await passwords.hash('caf\u00e9 noir')
  expect(await passwords.verify('cafe\u0301 noir', stored)).toBe(true)
})

test('a hash made at another cost stays valid', async () => {
  const stored = await createPasswords({ cost: { N: 2048, r: 4, p: 2 } }).hash('correct horse')
  expect(await createPasswords({ cost }).verify('correct horse', stored)).toBe(true)
})

test('beyond the queue a check is refused as busy, and later ones are taken again', async () => {
  const passwords = createPasswords({ cost, concurrency: 1, queue: 2 })
  const stored = await createPasswords({ cost }).hash('correct horse')
  const answers = await Promise.allSettled(
    Array.from({ length: 5 }, () => passwords.verify('correct horse', stored)),
  )
  const refusals = answers.flatMap(answer => (answer.status === 'rejected' ? [answer.reason] : []))
  expect(answers.filter(answer => answer.status === 'fulfilled' && answer.value)).toHaveLength(3)
  expect(refusals).toHaveLength(2)
  expect(refusals[0]).toMatchObject({ code: 110, data: { reason: 'too_many_logins', retryable: true } })
  expect(await passwords.verify('correct horse', stored)).toBe(true)
})
