import { expect, test } from 'vitest'
import { hostAndPortOf, matchesHost, parseHostPattern } from '../../src/outbound/host-pattern.ts'

const cases: readonly [pattern: string, url: string, matches: boolean][] = [
  ['api.example.com', 'https://api.example.com/x', true],
  ['API.example.com', 'https://api.EXAMPLE.com./x', true],
  ['api.example.com', 'https://api.example.com:8443/', true],
  ['api.example.com', 'https://api.example.com.evil.example/', false],
  ['api.example.com', 'https://evil.example/api.example.com', false],
  ['api.example.com', 'https://api.example.com@evil.example/', false],
  ['api.example.com:443', 'https://api.example.com/', true],
  ['api.example.com:443', 'http://api.example.com/', false],
  ['api.example.com:80', 'http://api.example.com/', true],
  ['*.example.com', 'https://a.example.com/', true],
  ['*.example.com', 'https://a.b.example.com/', true],
  ['*.example.com', 'https://example.com/', false],
  ['*.example.com', 'https://evilexample.com/', false],
  ['*.example.com:8443', 'https://a.example.com/', false],
  ['bücher.example', 'https://xn--bcher-kva.example/', true],
  ['127.0.0.1', 'http://2130706433/', true],
  ['[::1]:80', 'http://[0:0::1]/', true],
]

test.for(cases)('%s lets %s be asked: %s', ([pattern, url, matches]) => {
  expect(matchesHost(parseHostPattern(pattern), hostAndPortOf(new URL(url)))).toBe(matches)
})

test.for([
  '',
  '*',
  '*.',
  'a/b',
  'a@b',
  'a#b',
  'a?b',
  'a%2eb',
  'a:b',
  'a:70000',
  'https://a',
  '127.1',
  '*.::1',
])('%j is no pattern of hosts', text => {
  expect(() => parseHostPattern(text)).toThrow(Error)
})
