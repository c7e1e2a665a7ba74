import { expect, test } from 'vitest'
import { onBehalfOf, strangerAt } from '../../src/fairness/behalf.ts'
import { createPasswords, type PasswordOptions, type Passwords } from '../../src/permission/password.ts'

const cost = { N: 1024, r: 8, p: 1 }
const here = strangerAt('192.0.2.1')
const elsewhere = strangerAt('192.0.2.2')

function createTest(options: Partial<PasswordOptions> = {}): Passwords {
  return createPasswords({ cost, clock: () => 0, ...options })
}

/** A login of `username` from an address. */
function logIn(
  passwords: Passwords,
  stored: string | undefined,
  { username = 'anna', password = 'correct horse', from = here } = {},
): Promise<boolean> {
  return onBehalfOf(from, () => passwords.check({ username, password, find: async () => stored }))
}

/** What became of all: whether the password was right, else the reason. */
async function outcomesOf(logins: readonly Promise<boolean>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(logins)
  return settled.map(each => (each.status === 'fulfilled' ? each.value : each.reason.data.reason))
}

test('a password is kept as its scrypt hash, salted anew each time', async () => {
  const passwords = createTest()
  const stored = await passwords.hash('correct horse')
  expect(stored).toMatch(/^scrypt\$1024\$8\$1\$[\w-]{22}\$[\w-]{43}$/)
  expect(await passwords.hash('correct horse')).not.toBe(stored)
})

test('a server spends 2^15 blocks of 1 KiB, three times over, on a password', async () => {
  expect(await createPasswords({ clock: () => 0 }).hash('correct horse')).toMatch(/^scrypt\$32768\$8\$3\$/)
})

test('only the same password is right', async () => {
  const passwords = createTest()
  const stored = await passwords.hash('correct horse')
  expect(await logIn(passwords, stored)).toBe(true)
  expect(await logIn(passwords, stored, { password: 'Correct horse' })).toBe(false)
  expect(await logIn(passwords, undefined)).toBe(false)
})

test('a password is the same however its accents are composed', async () => {
  const passwords = createTest()
  const stored = await passwords.hash('caf\u00e9 noir')
  expect(await logIn(passwords, stored, { password: 'cafe\u0301 noir' })).toBe(true)
})

test('a hash made at another cost stays valid', async () => {
  const stored = await createTest({ cost: { N: 2048, r: 4, p: 2 } }).hash('correct horse')
  expect(await logIn(createTest(), stored)).toBe(true)
})

test('beyond the share of an address a check is refused as busy, others are not, and later ones are taken again', async () => {
  const passwords = createTest({ concurrency: 1, queue: 2 })
  const stored = await passwords.hash('correct horse')
  const users = Array.from({ length: 5 }, (_, i) => `user_${i}`)
  const flood = users.map(username => logIn(passwords, stored, { username }))
  const other = logIn(passwords, stored, { from: elsewhere })
  const outcomes = await outcomesOf(flood)
  expect(outcomes).toEqual([true, true, true, 'too_many_logins', 'too_many_logins'])
  expect(await other).toBe(true)
  expect(await logIn(passwords, stored)).toBe(true)
  const again = await Promise.allSettled(users.map(username => logIn(passwords, stored, { username })))
  expect(again[4]).toMatchObject({
    reason: { code: 110, data: { retryable: true, retry_after_ms: 1000 } },
  })
})

test('an address waits behind one check of another, not behind all of them', async () => {
  const passwords = createTest({ concurrency: 1 })
  const stored = await passwords.hash('correct horse')
  const ended: string[] = []
  const flood = Array.from({ length: 10 }, async (_, i) => {
    await logIn(passwords, stored, { username: `user_${i}` })
    ended.push('flood')
  })
  await logIn(passwords, stored, { from: elsewhere })
  expect(ended.length).toBeLessThanOrEqual(2)
  await Promise.all(flood)
})

test('wrong passwords delay the next ones of that address for that user, each longer than the one before', async () => {
  let now = 0
  const passwords = createTest({ clock: () => now })
  const stored = await passwords.hash('correct horse')
  const waits: number[] = []
  for (let guesses = 0; guesses < 12; guesses++) {
    expect(await logIn(passwords, stored, { password: 'wrong' })).toBe(false)
    if (guesses < 3) continue
    const refusal = await logIn(passwords, stored).catch(error => error.data)
    expect(refusal).toMatchObject({ reason: 'login_delayed', retryable: true })
    waits.push(refusal.retry_after_ms)
    now += refusal.retry_after_ms
  }
  expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  expect(await logIn(passwords, stored)).toBe(true)
})

test('nobody keeps a user out from elsewhere, nor other users of the same address', async () => {
  const passwords = createTest()
  const stored = await passwords.hash('correct horse')
  for (let i = 0; i < 4; i++) await logIn(passwords, stored, { password: `wrong ${i}` })
  await expect(logIn(passwords, stored)).rejects.toMatchObject({ data: { reason: 'login_delayed' } })
  expect(await logIn(passwords, stored, { from: elsewhere })).toBe(true)
  expect(await logIn(passwords, stored, { username: 'berta' })).toBe(true)
})

test('an address that guesses at many users is delayed for all of them', async () => {
  const passwords = createTest()
  const stored = await passwords.hash('correct horse')
  const guesses: unknown[] = []
  for (let i = 0; i < 22; i++) {
    const [outcome] = await outcomesOf([logIn(passwords, undefined, { username: `user_${i}` })])
    guesses.push(outcome)
  }
  expect(guesses).toEqual([...Array(21).fill(false), 'login_delayed'])
  expect(await logIn(passwords, stored, { from: elsewhere })).toBe(true)
})

test('what was wrong is forgotten in time', async () => {
  let now = 0
  const passwords = createTest({ clock: () => now })
  const stored = await passwords.hash('correct horse')
  for (let i = 0; i < 3; i++) await logIn(passwords, stored, { password: `wrong ${i}` })
  now += 3 * 60_000
  for (let i = 0; i < 3; i++) expect(await logIn(passwords, stored, { password: `wrong ${i}` })).toBe(false)
  expect(await logIn(passwords, stored)).toBe(true)
})

test('a user and nobody are refused alike', async () => {
  const passwords = createTest()
  const stored = await passwords.hash('correct horse')
  const guess = (username: string, known: string | undefined) =>
    outcomesOf([logIn(passwords, known, { username, password: 'wrong' })])
  for (let i = 0; i < 6; i++) expect(await guess('anna', stored)).toEqual(await guess('nobody', undefined))
})

test('of one user one password is checked at a time, whoever asks, and who never was wrong comes first', async () => {
  const passwords = createTest({ concurrency: 2 })
  const stored = await passwords.hash('correct horse')
  for (let i = 3; i < 8; i++) {
    await logIn(passwords, stored, { password: 'wrong', from: strangerAt(`192.0.2.${i}`) })
  }
  const ended: string[] = []
  const flood = Array.from({ length: 5 }, async (_, i) => {
    await logIn(passwords, stored, { password: 'wrong', from: strangerAt(`192.0.2.${i + 3}`) })
    ended.push('flood')
  })
  await logIn(passwords, stored, { from: elsewhere })
  expect(ended.length).toBeLessThanOrEqual(1)
  await Promise.all(flood)
})
