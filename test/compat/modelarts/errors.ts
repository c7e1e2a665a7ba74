import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { secrets } from '../../wire/support/app.ts'
import type { Wire } from '../../wire/support/wire.ts'
import { askRest } from '../rest/ask.ts'
import { eventsPath, modelartsError } from './path.ts'

const body = { service_name: 'n', event_info: 'i' }
const refusedSigns = "`(){}';,[]<>/?!¥…&()【】‘;:”“’。,、?"

export function describeServiceErrors(wire: Wire): void {
  describe('an error', () => {
    const path = eventsPath('there')

    beforeAll(async () => {
      await askRest(wire, path, { body })
    })

    test.each([
      'event_type=Normal',
      'event_type=',
      'event_info=%E4%B8%AD',
      'event_info=a%0Ab',
      'event_info=%00',
      'start_time=',
      'start_time=now',
      'start_time=1.',
      'start_time=.5',
      'start_time=0x10',
      'start_time=Infinity',
      'start_time=1e400',
      'end_time=9007199254740992',
      'end_time=%201',
      'offset=-1',
      'offset=1000000001',
      'limit=0',
      'limit=10001',
      'limit=1.0',
      'sort_by=id',
      'sort_by=service_name',
      'order=ASC',
      'page=1',
      'token=x',
      '__proto__=1',
      'service_id=there',
      'limit=1&limit=1',
      'limit=1&%6Cimit=2',
      'event_info=%FF',
      'event_info=%zz',
      '%FF=1',
    ])('is a 400 for the query %s', async query => {
      const { status, json } = await askRest(wire, eventsPath('there', query))
      expect(status).toBe(400)
      const name = decodeURIComponent(query.split('=')[0]?.replace('%FF', 'query') ?? '')
      expect(json).toEqual(modelartsError('0001', expect.stringMatching(`^${name}: `)))
    })

    test.each([...new Set(refusedSigns)])('is a 400 for the sign %s in event_info', async sign => {
      const asked = await askRest(wire, eventsPath('there', `event_info=a${encodeURIComponent(sign)}b`))
      expect(asked.status).toBe(400)
      expect(asked.json.error_msg).toMatch(/^event_info: /)
    })

    test('takes no query beside a body', async () => {
      const { status, json } = await askRest(wire, eventsPath('there', 'limit=1'), { body })
      expect([status, json]).toEqual([400, modelartsError('0001', 'limit: unknown member')])
    })

    test.each([
      ['%00', 400],
      ['%0A', 400],
      ['%FF', 400],
      ['%C0%AF', 400],
      ['%ED%A0%80', 400],
      ['%', 400],
      ['%2', 400],
      ['', 400],
      ['*', 400],
      ['x'.repeat(129), 400],
      ['%F0%9F%98%80'.repeat(129), 400],
      ['absent', 404],
      ['there%20', 404],
      ['THERE', 404],
      ['%74here', 200],
    ])('of the service %s has the status %i, whoever reads or writes', async (service, status) => {
      const raw = `/v1/p/services/${service}/events`
      const read = await askRest(wire, raw)
      expect(read.status).toBe(status)
      if (status === 404)
        expect(read.json).toEqual(modelartsError('0004', 'There is no event of this service'))
      if (status !== 400) return
      expect(read.json).toEqual(modelartsError('0001', expect.any(String)))
      expect((await askRest(wire, raw, { body })).json).toEqual(read.json)
      expect((await askRest(wire, `/v1/${service}/services/there/events`)).status).toBe(400)
    })

    test('of a path that there is not is a 404 in the same shape, whatever was asked of it', async () => {
      const unknown = [404, modelartsError('0004', 'no such path')]
      for (const version of ['/v1', '/v2']) {
        for (const rest of [
          '',
          '/',
          '/p/services/there',
          '/p/services/there/events/',
          '/p/models?limit=1',
          '/%FF',
        ]) {
          for (const asked of [{}, { token: null }, { body }, { method: 'DELETE' }, { method: 'PROPFIND' }]) {
            const { status, json } = await askRest(wire, `${version}${rest}`, asked)
            expect([status, json], `${asked.method} ${version}${rest}`).toEqual(unknown)
          }
        }
        const odd = { body: 'a'.repeat(1_100_000), headers: { 'content-type': 'text/csv' } }
        const { status, json } = await askRest(wire, `${version}/p/models`, odd)
        expect([status, json]).toEqual(unknown)
      }
      const elsewhere = await askRest(wire, '/V1/p/services/a/events')
      expect([elsewhere.status, elsewhere.json.error.data.reason]).toEqual([404, 'no_such_path'])
    })

    test('of a name that no new one may be is one for those who write', async () => {
      for (const name of ['there%20', 'a%E2%80%8Bb']) {
        const raw = `/v1/p/services/${name}/events`
        expect((await askRest(wire, raw)).status).toBe(404)
        expect((await askRest(wire, raw, { body })).json).toEqual(
          modelartsError('0001', expect.stringMatching(/^service_id: /)),
        )
      }
    })

    test('is a 401 for whoever is not known', async () => {
      const [key] = secrets.root.split(':')
      const bearer = (value: string) => ({ token: null, headers: { authorization: value } })
      for (const asked of [
        { token: null },
        { token: 'nonsense' },
        { token: '' },
        { token: `${key}:wrong` },
        { token: 'root|wrong' },
        { token: 'a.b.c' },
        bearer(`Bearer ${key}:wrong`),
        bearer(`Basic ${secrets.root}`),
      ]) {
        for (const sent of [asked, { ...asked, body }]) {
          const { status, json, headers } = await askRest(wire, path, sent)
          expect([status, json], JSON.stringify(sent)).toEqual([
            401,
            modelartsError('0002', expect.any(String)),
          ])
          expect(headers['www-authenticate']).toBe('Bearer')
        }
      }
      expect(wire.app.log.join('')).not.toContain('nonsense')
    })

    test('is a 401 for a credential that has expired', async () => {
      const expired = await wire.token([], { timestamp_to: Date.now() - 1000 })
      const { status, json } = await askRest(wire, path, { token: expired })
      expect([status, json]).toEqual([401, modelartsError('0002', 'The credential has expired')])
    })

    test('is a 400 for two credentials that differ, and none for the same one twice', async () => {
      const twice = { headers: { authorization: `Bearer ${secrets.root}` } }
      expect((await askRest(wire, path, twice)).status).toBe(200)
      const other = { headers: { authorization: 'Bearer other:secret' } }
      const { status, json } = await askRest(wire, path, other)
      expect([status, json]).toEqual([400, modelartsError('0001', 'The headers hold different credentials')])
    })

    test('is none for any kind of credential, in either header', async () => {
      const username = 'ärger'
      const credential = await wire.token(
        [{ scopes: ['global'], permissions: [{ service_event: { read: '*' } }] }],
        {
          username,
          password: 'pässword€',
        },
      )
      const { jwt } = await wire.result<{ jwt: string }>('token_issue', { ttl_ms: 60_000 }, credential)
      // A header holds bytes.
      const password = Buffer.from(`${username}|pässword€`).toString('latin1')
      for (const token of [credential, jwt, password]) {
        expect((await askRest(wire, path, { token })).status).toBe(200)
        const headers = { authorization: `Bearer ${token}` }
        expect((await askRest(wire, path, { token: null, headers })).status).toBe(200)
      }
    })

    test('is a 405 for every other method', async () => {
      for (const method of ['HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']) {
        const { status, headers, json } = await askRest(wire, path, { method })
        expect([status, headers.allow], method).toEqual([405, 'GET, POST'])
        if (method !== 'HEAD') expect(json).toEqual(modelartsError('0005', expect.any(String)))
      }
      const odd = { method: 'PUT', headers: { 'content-type': 'text/csv' }, body: 'a' }
      expect((await askRest(wire, path, odd)).status).toBe(405)
    })

    test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', ''])(
      'is a 415 for a body that is %j',
      async type => {
        const { status, json } = await askRest(wire, path, { body, headers: { 'content-type': type } })
        expect([status, json]).toEqual([415, modelartsError('0007', expect.any(String))])
      },
    )

    test('is a 415 for a body in an encoding but gzip, none for one whose type says more', async () => {
      const packed = { body, headers: { 'content-encoding': 'br' } }
      expect((await askRest(wire, path, packed)).status).toBe(415)
      const zipped = { body: gzipSync(JSON.stringify(body)), headers: { 'content-encoding': 'gzip' } }
      expect((await askRest(wire, eventsPath('zipped'), zipped)).status).toBe(200)
      const broken = { body, headers: { 'content-encoding': 'gzip' } }
      expect((await askRest(wire, path, broken)).status).toBe(400)
      const said = { body, headers: { 'content-type': 'application/json; charset=utf-8' } }
      expect((await askRest(wire, eventsPath('typed'), said)).status).toBe(200)
    })

    test('is a 413 for a body over the limit', async () => {
      const large = { ...body, event_info: 'x'.repeat(1_100_000) }
      const { status, json } = await askRest(wire, path, { body: large })
      expect([status, json]).toEqual([413, modelartsError('0006', expect.any(String))])
    })

    test.each([
      ['nothing', ''],
      ['no JSON', '{'],
      ['two values', '{}{}'],
      ['no UTF-8', Buffer.from('{"service_name":"n","event_info":"\xff"}', 'latin1')],
      ['a NUL', '{"service_name":"n","event_info":"a\\u0000"}'],
      ['half a character', '{"service_name":"n","event_info":"\\ud800"}'],
      ['a NUL in a name of a member', '{"service_name":"n","event_info":"a","\\u0000":1}'],
      ['too many levels', `{"service_name":"n","event_info":${'['.repeat(65)}${']'.repeat(65)}}`],
    ])('is a 400 for a body that holds %s', async (_what, text) => {
      const { status, json } = await askRest(wire, path, { method: 'POST', body: text })
      expect([status, json]).toEqual([400, modelartsError('0001', expect.any(String))])
    })

    test('leaves nothing behind', async () => {
      expect((await askRest(wire, path)).json).toMatchObject({ total_count: 1 })
    })

    test('and an answer alike belong in no cache', async () => {
      for (const token of [secrets.root, null]) {
        expect((await askRest(wire, path, { token })).headers['cache-control']).toBe('no-store')
      }
    })
  })
}
