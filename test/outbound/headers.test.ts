import { expect, test } from 'vitest'
import { requireSafeHeaders, requireSafeMethod, safeHeaders } from '../../src/outbound/headers.ts'

const forbidden: readonly (readonly [string, string])[] = [
  ['Host', 'internal'],
  ['connection', 'upgrade'],
  ['Keep-Alive', '5'],
  ['Transfer-Encoding', 'chunked'],
  ['CONTENT-LENGTH', '0'],
  ['te', 'trailers'],
  ['trailer', 'x'],
  ['upgrade', 'websocket'],
  ['expect', '100-continue'],
  ['proxy-authorization', 'Basic x'],
  ['accept-encoding', 'gzip'],
  ['x-a', 'b\r\nhost: internal'],
  ['x-a', 'b\nc'],
  ['x-a', 'b\u0000'],
  ['x-a', 'naïve ✓'],
  ['x a', 'b'],
  ['x:a', 'b'],
  ['', 'b'],
  ['x\r\ny', 'b'],
]

test.for(forbidden)('a script that sets the header %j to %j sends none', ([name, value]) => {
  expect(safeHeaders({ [name]: value, Accept: 'text/plain' })).toEqual({ accept: 'text/plain' })
})

test.for(forbidden)('a caller that passes the header %j as %j made a mistake', ([name, value]) => {
  expect(() => requireSafeHeaders({ [name]: value })).toThrow(TypeError)
})

test('other headers are kept, with their names in lower case', () => {
  const given = { Authorization: 'Bearer a b', 'X-Trace': '', accept: 'é' }
  expect(safeHeaders(given)).toEqual({ authorization: 'Bearer a b', 'x-trace': '', accept: 'é' })
  expect(() => requireSafeHeaders(given)).not.toThrow()
})

test.for(['CONNECT', 'trace', 'TRACK', '', 'GET ', 'GET /x HTTP/1.1\r\nhost:', 'GÉT'])(
  'the method %j is refused',
  method => {
    expect(() => requireSafeMethod(method)).toThrow(TypeError)
  },
)

test.for(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'PROPFIND'])(
  'the method %j may be sent',
  method => {
    expect(() => requireSafeMethod(method)).not.toThrow()
  },
)
