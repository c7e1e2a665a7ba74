import { expect, test } from 'vitest'
import { addressMatcher, shareAddress } from '../src/ip-address.ts'

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['2001:db8:0:1:a:b:c:d', '2001:db8:0:1::/64'],
  ['2001:db8:0:1::', '2001:db8:0:1::/64'],
  ['::1', '0:0:0:0::/64'],
  ['nothing of the kind', 'nothing of the kind'],
])('%s has the share of %s', (address, share) => {
  expect(shareAddress(address)).toBe(share)
})

test('an address lies in a list of addresses and ranges, whatever form it has', () => {
  const isListed = addressMatcher(['10.0.0.1', '192.168.0.0/16', '2001:db8::/32', '::1'])
  for (const inside of ['10.0.0.1', '::ffff:10.0.0.1', '192.168.3.4', '2001:db8::7', '::1']) {
    expect(isListed(inside)).toBe(true)
  }
  for (const outside of ['10.0.0.2', '192.169.0.1', '2001:db9::1', '', 'unknown']) {
    expect(isListed(outside)).toBe(false)
  }
  expect(addressMatcher([])('10.0.0.1')).toBe(false)
})
