import { expect, test } from 'vitest'
import { newWebhookSecret, webhookSecretFault, webhookUrlFault } from '../../src/outbound/webhook-place.ts'

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

test.for([
  'https://hooks.example/path?x=1',
  'http://hooks.example:8080/',
  'https://93.184.216.34/',
  'https://[2606:4700:4700::1111]/',
  // A name is checked when it is asked: it may have another address by then.
  'http://localhost:3000/',
  `https://hooks.example/${'x'.repeat(2048 - 'https://hooks.example/'.length)}`,
])('%s may be a webhook', url => {
  expect(webhookUrlFault(url)).toBeUndefined()
})

test.for([
  '',
  'hooks.example',
  '/hooks',
  'ftp://hooks.example/',
  'javascript:alert(1)',
  'https://user@hooks.example/',
  'https://user:password@hooks.example/',
  'https://',
  'http://127.0.0.1:3000/',
  'http://2130706433/',
  'http://0x7f.1/',
  'http://[::1]/',
  'http://[::ffff:8.8.8.8]/',
  'http://169.254.169.254/latest/',
  `https://hooks.example/${'x'.repeat(2049 - 'https://hooks.example/'.length)}`,
])('%s is no webhook', url => {
  expect(webhookUrlFault(url)).toEqual(expect.any(String))
})

test('an address that the operator allowed may be a webhook, at its port', () => {
  const allow = ['127.0.0.1:3000', 'fd00::/8']
  expect(webhookUrlFault('http://127.0.0.1:3000/', allow)).toBeUndefined()
  expect(webhookUrlFault('http://[fd00::1]/', allow)).toBeUndefined()
  expect(webhookUrlFault('http://127.0.0.1:3001/', allow)).toMatch(/^address_forbidden/)
})
