import { beforeAll, describe, expect, test } from 'vitest'
import { secrets } from '../../wire/support/app.ts'
import { failure, type Wire } from '../../wire/support/wire.ts'
import { append, callAt, idsOf, type RowDatas, readLimit, service } from './service.ts'

const method = `${service}.getEventLog`
const second = 1000

function getLog(wire: Wire, params: Readonly<Record<string, unknown>>, token?: string): Promise<RowDatas> {
  return wire.result(method, params, token)
}

/** The server's zone is Berlin: 2024-03-31 has no hour from 02:00 on, and 2024-10-27 has it twice. */
export function describeGetEventLog(wire: Wire): void {
  describe('getEventLog', () => {
    describe('of records that were appended', () => {
      let ids: readonly number[]
      const midnight = Date.UTC(2024, 0, 31, 23)

      beforeAll(async () => {
        ids = await append(wire, [
          { full_name: 'events.Range', created_time: midnight - second - 1, status: 'fail' },
          { full_name: 'events.Range', created_time: midnight - second, status: 'success' },
          { full_name: 'events.Range', created_time: midnight - 1, status: 'fail' },
          { full_name: 'events.Range', created_time: midnight, status: 'running', start_time: midnight },
          { full_name: 'events.Range', created_time: midnight + second, status: 'waiting' },
          { full_name: 'events.Rangefinder', created_time: midnight, status: 'fail' },
        ])
      })

      test('shows every member, times as the configured zone’s clocks did', async () => {
        const start = Date.UTC(2024, 6, 1, 10, 0, 0, 999)
        const [id] = await append(wire, [
          {
            full_name: 'events.Whole',
            sender: 'models.UserModel',
            event_type: 'events.ModelType',
            run_type: 'chain',
            status: 'success',
            request_id: 'req_whole',
            node_id: 'node_whole',
            parent_node_id: 'node_root',
            attempt: 2,
            created_time: start,
            start_time: start + second,
            finish_time: start + 86_400_000,
            param: { user_id: 1, snake_case: { kept_as_it_is: [null] } },
            result: ['ok'],
          },
        ])
        expect(await getLog(wire, { fullName: 'events.Whole' })).toEqual({
          totalCount: 1,
          rowDatas: [
            {
              id,
              fullName: 'events.Whole',
              eventType: 'events.ModelType',
              sender: 'models.UserModel',
              runType: 'chain',
              status: 'success',
              requestId: 'req_whole',
              nodeId: 'node_whole',
              parentNodeId: 'node_root',
              attempt: 2,
              createdTime: '2024-07-01 12:00:00',
              startTime: '2024-07-01 12:00:01',
              finishTime: '2024-07-02 12:00:00',
              param: { user_id: 1, snake_case: { kept_as_it_is: [null] } },
              result: ['ok'],
              errorMessage: null,
            },
          ],
        })
      })

      test('shows null for what a record does not have', async () => {
        await append(wire, [{ full_name: 'events.Bare', status: 'waiting' }])
        const { rowDatas } = await getLog(wire, { fullName: 'events.Bare' })
        const nothing = { startTime: null, finishTime: null, parentNodeId: null, param: null, result: null }
        expect(rowDatas).toEqual([expect.objectContaining(nothing)])
      })

      test('keeps numbers that a double cannot hold', async () => {
        const row = '{"full_name":"events.Exact","sender":"s","param":{"n":9007199254740993,"e":1e400}}'
        const headers = { authorization: `Bearer ${secrets.root}` }
        await wire.ask(
          `{"jsonrpc":"2.0","method":"event-log_append","params":{"rows":[${row}]},"id":1}`,
          headers,
        )
        const answer = await fetch(wire.app.url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify({ jsonrpc: '2.0', method, params: ['events.Exact'], id: 1 }),
        })
        const text = await answer.text()
        expect(text).toContain('9007199254740993')
        expect(text).toContain(`1${'0'.repeat(400)}`)
      })

      test('takes a name literally, newest first', async () => {
        const found = await getLog(wire, { fullName: 'events.Range' })
        expect(found.totalCount).toBe(5)
        expect(idsOf(found)).toEqual(ids.slice(0, 5).toReversed())
        const nothing = { totalCount: 0, rowDatas: [] }
        for (const fullName of ['events.*', 'events.Rang', 'EVENTS.RANGE', '%', '']) {
          expect(await getLog(wire, { fullName })).toEqual(nothing)
        }
      })

      test('bounds the time by whole seconds, both included', async () => {
        const bounds = [
          [{ startTime: '2024-01-31 23:59:59' }, [1, 2, 3, 4]],
          [{ startTime: '2024-02-01 00:00:00' }, [3, 4]],
          [{ endTime: '2024-01-31 23:59:59' }, [0, 1, 2]],
          [{ endTime: '2024-01-31 23:59:58' }, [0]],
          [{ startTime: '2024-01-31 23:59:59', endTime: '2024-01-31 23:59:59' }, [1, 2]],
          [{ startTime: '2024-02-01 00:00:00', endTime: '2024-01-01 00:00:00' }, []],
          [{ startTime: '0001-01-01 00:00:00', endTime: '9999-12-31 23:59:59' }, [0, 1, 2, 3, 4]],
        ] as const
        for (const [bound, places] of bounds) {
          const found = await getLog(wire, { fullName: 'events.Range', ...bound })
          expect(idsOf(found), JSON.stringify(bound)).toEqual(places.map(place => ids[place]).toReversed())
          expect(found.totalCount).toBe(places.length)
        }
      })

      test('tells the four states apart, within a time as well', async () => {
        const states = { success: [1], fail: [0, 2], running: [3], waiting: [4] }
        for (const [status, places] of Object.entries(states)) {
          const found = await getLog(wire, { fullName: 'events.Range', status })
          expect(idsOf(found)).toEqual(places.map(place => ids[place]).toReversed())
        }
        const startTime = '2024-01-31 23:59:59'
        const found = await getLog(wire, { fullName: 'events.Range', startTime, status: 'fail' })
        expect(found).toMatchObject({ totalCount: 1, rowDatas: [{ id: ids[2] }] })
      })

      test('takes null for what is left out', async () => {
        const left = { startTime: null, endTime: null, status: null, page: null, pageSize: null }
        const found = await getLog(wire, { fullName: 'events.Range', ...left })
        expect(found).toEqual(await getLog(wire, { fullName: 'events.Range' }))
      })

      test('takes its parameters by position in the order of JitAi’s documentation', async () => {
        const from = '2024-01-31 23:59:59'
        const to = '2024-02-01 00:00:01'
        const positions = [
          [['events.Range'], [4, 3, 2, 1, 0]],
          [['events.Range', to], [4]],
          [
            ['events.Range', from, from],
            [2, 1],
          ],
          [['events.Range', from, to, 'fail'], [2]],
          [['events.Range', null, null, 'fail', 2, 1], [0]],
          [['events.Range', from, to, null, 2, 3], [1]],
        ] as const
        for (const [params, places] of positions) {
          const answer = await callAt(wire, 'getEventLog', params, secrets.root)
          const rowDatas = places.map(place => expect.objectContaining({ id: ids[place] }))
          expect(answer, JSON.stringify(params)).toMatchObject({ result: { rowDatas } })
        }
        // Behind them the credential has its place.
        const last = ['events.Range', null, null, null, 1, 20, 'nonsense']
        expect(await wire.ask({ jsonrpc: '2.0', method, params: last, id: 1 })).toEqual(
          failure(101, 'malformed_credential'),
        )
        expect(
          await callAt(wire, 'getEventLog', [...last.slice(0, 6), secrets.root, 1], secrets.root),
        ).toEqual(failure(-32602, 'invalid_params', '[7]'))
      })
    })

    describe('where the clocks change', () => {
      const minute = 60 * second
      const back = Date.UTC(2024, 9, 27, 1)
      const forward = Date.UTC(2024, 2, 31, 1)

      test('finds both passes of an hour that was repeated', async () => {
        const [, first, between, again] = await append(
          wire,
          [-61, -31, 0, 29, 60].map(m => ({ full_name: 'events.Back', created_time: back + m * minute })),
        )
        const startTime = '2024-10-27 02:29:00'
        const found = await getLog(wire, {
          fullName: 'events.Back',
          startTime,
          endTime: '2024-10-27 02:29:59',
        })
        expect(idsOf(found)).toEqual([again, between, first])
        expect(found.rowDatas.map(row => row.createdTime)).toEqual([
          '2024-10-27 02:29:00',
          '2024-10-27 02:00:00',
          '2024-10-27 02:29:00',
        ])
        // Written five minutes apart by a clock that was put back in between.
        const across = { startTime: '2024-10-27 02:58:00', endTime: '2024-10-27 02:03:00' }
        expect(idsOf(await getLog(wire, { fullName: 'events.Back', ...across }))).toEqual([between])
      })

      test('begins or ends at the jump for a time that was left out', async () => {
        const [before, after] = await append(
          wire,
          [-1, 0].map(ms => ({ full_name: 'events.Forward', created_time: forward + ms })),
        )
        const fullName = 'events.Forward'
        expect(idsOf(await getLog(wire, { fullName, startTime: '2024-03-31 02:30:00' }))).toEqual([after])
        expect(idsOf(await getLog(wire, { fullName, endTime: '2024-03-31 02:30:00' }))).toEqual([before])
        const around = { startTime: '2024-03-31 01:59:59', endTime: '2024-03-31 03:00:00' }
        expect(idsOf(await getLog(wire, { fullName, ...around }))).toEqual([after, before])
      })
    })

    describe('a page at a time', () => {
      const fullName = 'events.Paged'
      let newest: readonly number[]

      beforeAll(async () => {
        // Many share a time: the order among them is that of their ids.
        const rows = Array.from({ length: 47 }, (_, i) => ({
          full_name: fullName,
          created_time: 1_700_000_000_000 + Math.floor(i / 7),
          status: i % 2 === 0 ? 'fail' : 'success',
        }))
        newest = (await append(wire, rows)).toReversed()
      })

      test('has twenty records on the first page unless told otherwise', async () => {
        const found = await getLog(wire, { fullName })
        expect(found.totalCount).toBe(47)
        expect(idsOf(found)).toEqual(newest.slice(0, 20))
      })

      test.each([1, 7, 20, 46, 47, 48, 1000])('shows every record once in pages of %d', async pageSize => {
        const seen: unknown[] = []
        const pages = Math.min(Math.ceil(47 / pageSize), 12)
        for (let page = 1; page <= pages; page++) {
          const found = await getLog(wire, { fullName, page, pageSize })
          expect(found.totalCount).toBe(47)
          seen.push(...idsOf(found))
        }
        expect(seen).toEqual(newest.slice(0, pages * pageSize))
      })

      test('counts and pages only what fulfils the filters', async () => {
        const fails = newest.filter((_, i) => i % 2 === 0)
        const found = await getLog(wire, { fullName, status: 'fail', page: 3, pageSize: 10 })
        expect(found.totalCount).toBe(24)
        expect(idsOf(found)).toEqual(fails.slice(20))
      })

      test.each([
        [4, 20],
        [48, 1],
        [2, 1000],
        [Number.MAX_SAFE_INTEGER, 1000],
      ])('is empty beyond the end (page %d of %d), and counts all the same', async (page, pageSize) => {
        expect(await getLog(wire, { fullName, page, pageSize })).toEqual({ totalCount: 47, rowDatas: [] })
      })
    })

    test.each([
      [{ fullName: undefined }, 'fullName'],
      [{ fullName: null }, 'fullName'],
      [{ fullName: 1 }, 'fullName'],
      [{ startTime: 0 }, 'startTime'],
      [{ startTime: '' }, 'startTime'],
      [{ startTime: '2024-01-01' }, 'startTime'],
      [{ startTime: '2024-01-01T00:00:00' }, 'startTime'],
      [{ startTime: '2024-02-30 00:00:00' }, 'startTime'],
      [{ endTime: '2024-01-01 24:00:00' }, 'endTime'],
      [{ endTime: '2024-01-01 00:00:00Z' }, 'endTime'],
      [{ status: 'failed' }, 'status'],
      [{ status: '' }, 'status'],
      [{ page: 0 }, 'page'],
      [{ page: 1.5 }, 'page'],
      [{ page: '1' }, 'page'],
      [{ pageSize: 0 }, 'pageSize'],
      [{ pageSize: 1001 }, 'pageSize'],
    ])('refuses %j', async (change, path) => {
      const params = { fullName: 'events.Range', ...change }
      expect(await wire.call(method, params)).toEqual(failure(-32602, 'invalid_params', path))
    })

    test('refuses a name that the caller may not read, whether or not it has records', async () => {
      await append(wire, [{ full_name: 'mine.there' }, { full_name: 'yours.there' }])
      const token = await wire.token([readLimit('mine.*')])
      expect(await getLog(wire, { fullName: 'mine.there' }, token)).toMatchObject({ totalCount: 1 })
      expect(await getLog(wire, { fullName: 'mine.absent' }, token)).toMatchObject({ totalCount: 0 })
      for (const fullName of ['yours.there', 'yours.absent', 'mine', '*', 'mine*']) {
        expect(await wire.call(method, { fullName }, token)).toEqual(failure(102, 'permission_denied'))
      }
      const writer = { scopes: ['global'], permissions: [{ event_log: { write: '*' } }] }
      for (const limits of [[], [writer]]) {
        const powerless = await wire.token(limits)
        const answer = await callAt(wire, 'getEventLog', ['mine.there'], powerless)
        expect(answer).toEqual(failure(102, 'permission_denied'))
      }
    })
  })
}
