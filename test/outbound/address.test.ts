import { expect, test } from 'vitest'
import { isPublicAddress, parseAllow, requireAddresses } from '../../src/outbound/address.ts'

test.for([
  '1.1.1.1',
  '8.8.8.8',
  '93.184.216.34',
  '100.63.255.255',
  '100.128.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.0.1.1',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '2606:4700:4700::1111',
  '2a00:1450:4001:81b::200e',
  '2001:4860:4860::8888',
])('%s is public', address => {
  expect(isPublicAddress(address)).toBe(true)
})

test.for([
  // Ends of the ranges, so that a mask that is off by one shows.
  ...['0.0.0.0', '0.255.255.255', '10.0.0.0', '10.255.255.255', '100.64.0.0', '100.127.255.255'],
  ...['127.0.0.0', '127.255.255.255', '169.254.0.0', '169.254.169.254', '169.254.255.255'],
  ...['172.16.0.0', '172.31.255.255', '192.0.0.0', '192.0.0.192', '192.0.0.255', '192.0.2.1'],
  ...['192.88.99.1', '192.168.0.0', '192.168.255.255', '198.18.0.0', '198.19.255.255', '198.51.100.1'],
  ...['203.0.113.1', '224.0.0.0', '239.255.255.255', '240.0.0.0', '255.255.255.255', '168.63.129.16'],
  ...['::', '::1', '::2', '::127.0.0.1', '::8.8.8.8', '::ffff:127.0.0.1', '::ffff:8.8.8.8'],
  ...['::ffff:0:127.0.0.1', '64:ff9b::7f00:1', '64:ff9b::808:808', '64:ff9b:1::a00:1', '100::1'],
  ...['2001::1', '2001:0:7f00:1::', '2001:2::1', '2001:10::1', '2001:20::1', '2001:db8::1'],
  ...['2002:7f00:1::', '2002:808:808::1', '3fff::1', '4000::1', '5f00::1', 'fc00::1', 'fd00:ec2::254'],
  ...['fdff:ffff::1', 'fe80::1', 'fe80::1%1', 'febf::1', 'fec0::1', 'ff02::1', 'ffff::1'],
])('%s is not public', address => {
  expect(isPublicAddress(address)).toBe(false)
})

test.for([
  '',
  'localhost',
  '127.1',
  '8.8.8',
  '0x8.8.8.8',
  '010.8.8.8',
  '134744072',
  '8.8.8.8 ',
  '[2606:4700::1]',
  '2606:4700::1%eth0',
])('%j is no address as a socket takes it, so it is not public', text => {
  expect(isPublicAddress(text)).toBe(false)
})

const cases: readonly [entry: string, host: string, port: number, address: string, allowed: boolean][] = [
  ['127.0.0.1', 'any.example', 80, '127.0.0.1', true],
  ['127.0.0.1', 'any.example', 80, '127.0.0.2', false],
  ['127.0.0.1:8080', 'any.example', 8080, '127.0.0.1', true],
  ['127.0.0.1:8080', 'any.example', 8081, '127.0.0.1', false],
  ['127.0.0.1', 'any.example', 80, '::ffff:127.0.0.1', false],
  ['127.0.0.1', 'any.example', 80, '::ffff:7f00:1', false],
  ['::ffff:127.0.0.1', 'any.example', 80, '::ffff:127.0.0.1', true],
  ['::ffff:127.0.0.1', 'any.example', 80, '127.0.0.1', false],
  ['0.0.0.0/0', 'any.example', 80, '10.1.2.3', true],
  ['0.0.0.0/0', 'any.example', 80, '::1', false],
  ['10.0.0.0/8', 'any.example', 80, '10.255.0.1', true],
  ['172.16.0.0/16', 'any.example', 80, '172.17.0.1', false],
  ['10.0.0.0/8:443', 'any.example', 443, '10.0.0.1', true],
  ['10.0.0.0/8:443', 'any.example', 80, '10.0.0.1', false],
  ['::1', 'any.example', 80, '::1', true],
  ['[::1]:8080', 'any.example', 8080, '::1', true],
  ['[::1]:8080', 'any.example', 80, '::1', false],
  ['fd00::/8', 'any.example', 80, 'fd12::1', true],
  ['fd00::/8', 'any.example', 80, 'fc00::1', false],
  ['fd00::/8', 'any.example', 80, 'fd12::1%eth0', false],
  ['[fd00::/8]:443', 'any.example', 443, 'fd12::1', true],
  ['hooks.internal', 'hooks.internal', 80, '10.0.0.1', true],
  ['Hooks.Internal.', 'hooks.internal', 80, '10.0.0.1', true],
  ['hooks.internal', 'other.internal', 80, '10.0.0.1', false],
  ['hooks.internal', 'evil-hooks.internal', 80, '10.0.0.1', false],
  ['hooks.internal', 'hooks.internal.evil.example', 80, '10.0.0.1', false],
  ['hooks.internal:8080', 'hooks.internal', 8080, '127.0.0.1', true],
  ['hooks.internal:8080', 'hooks.internal', 80, '127.0.0.1', false],
  ['*.internal', 'a.b.internal', 80, '10.0.0.1', true],
  ['*.internal', 'internal', 80, '10.0.0.1', false],
]

test.for(cases)(
  'allowing %s: %s on port %i at %s is allowed: %s',
  ([entry, host, port, address, allowed]) => {
    const check = () => requireAddresses({ host, port }, [address], [parseAllow(entry)])
    if (allowed) expect(check()).toBeUndefined()
    else expect(check).toThrow(expect.objectContaining({ reason: 'address_forbidden' }))
  },
)

test.for([
  '',
  '*',
  '127.1',
  '2130706433',
  '0x7f.0.0.1',
  '127.0.0.1/33',
  '::1/129',
  '1.2.3.4.5',
  '127.0.0.1:0',
  '127.0.0.1:65536',
  'hooks.internal:0',
  'http://hooks.internal',
  'hooks.internal/path',
  'user@hooks.internal',
  'a b',
  '[::1',
  '[::1]:',
  '*.127.0.0.1',
  '*.*.internal',
])('%j is no entry of the list of what is allowed', text => {
  expect(() => parseAllow(text)).toThrow(/^expected /)
})
