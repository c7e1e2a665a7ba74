import { expect, test } from 'vitest'
import { newWebhookSecret, webhookSecretFault } from '../../src/outbound/webhook-secret.ts'

const ofBytes = (count: number) => `whsec_${Buffer.alloc(count, 0xfb).toString('base64')}`

test('a new secret has 32 random bytes, and no fault', () => {
  const secret = newWebhookSecret()
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
  expect(webhookSecretFault(secret)).toBeUndefined()
  expect(newWebhookSecret()).not.toBe(secret)
})

test.for([24, 25, 26, 63, 64])('a secret of %i bytes is fine', count => {
  expect(webhookSecretFault(ofBytes(count))).toBeUndefined()
})

test.for([
  '',
  'whsec_',
  ofBytes(23),
  ofBytes(65),
  ofBytes(32).slice('whsec_'.length),
  `WHSEC_${ofBytes(32).slice(6)}`,
  ofBytes(32).replace(/=+$/, ''),
  `${ofBytes(32)}\n`,
  ` ${ofBytes(32)}`,
  ofBytes(32).replaceAll('+', '-'),
  `whsec_${'%'.repeat(44)}`,
])('%j is no secret', text => {
  expect(webhookSecretFault(text)).toMatch(/^expected /)
})
