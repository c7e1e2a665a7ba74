import { expect, test } from 'vitest'
import { shareAddress } from '../src/ip-address.ts'

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
