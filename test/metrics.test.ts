import { register } from 'prom-client'
import { expect, test } from 'vitest'
import { createMetrics } from '../src/metrics.ts'

test('what is counted shows in the text', async () => {
  const metrics = createMetrics()
  metrics.countRequest('m', undefined, 0.002)
  metrics.countRequest('m', undefined, 0.002)
  metrics.countRequest('m', 102, 2)
  metrics.countLookup('credential', true)
  metrics.countLookup('credential', false)
  metrics.countRows('js-result', 'deleted', 7)
  metrics.countRun('success')
  metrics.countRun('success')
  metrics.countSinkError('out')
  metrics.countMonitorError('permission_denied')
  metrics.watch('monitors', async () => ({ ok: 4, firing: 1 }))
  metrics.watch('sinks', async () => [{ name: 'out', isRunning: true, lag: 12, ageMs: 1500 }])
  metrics.watch('handlers', async () => [{ handler: 'h', waiting: 3, running: 1, oldestSeconds: 1.5 }])
  metrics.watch('pool', () => ({ total: 5, idle: 2, waiting: 1 }))
  metrics.watch('replica', () => ({ isUsed: true, lagMs: 250 }))
  const lines = (await metrics.render()).split('\n')
  expect(lines).toEqual(
    expect.arrayContaining([
      'daybook_replica_lag_seconds 0.25',
      'daybook_replica_used 1',
      'daybook_requests_total{method="m",code="ok"} 2',
      'daybook_requests_total{method="m",code="102"} 1',
      'daybook_request_duration_seconds_bucket{le="0.0025",method="m"} 2',
      'daybook_request_duration_seconds_count{method="m"} 3',
      'daybook_cache_lookups_total{cache="credential",outcome="hit"} 1',
      'daybook_cache_lookups_total{cache="credential",outcome="miss"} 1',
      'daybook_rows_total{resource="js-result",action="deleted"} 7',
      'daybook_event_runs_total{ending="success"} 2',
      'daybook_monitor_errors_total{reason="permission_denied"} 1',
      'daybook_monitors{state="ok"} 4',
      'daybook_monitors{state="firing"} 1',
      'daybook_sink_errors_total{sink="out"} 1',
      'daybook_sink_age_seconds{sink="out"} 1.5',
      'daybook_sink_lag{sink="out"} 12',
      'daybook_sink_running{sink="out"} 1',
      'daybook_event_waiting{handler="h"} 3',
      'daybook_event_running{handler="h"} 1',
      'daybook_event_oldest_waiting_seconds{handler="h"} 1.5',
      'daybook_database_connections{state="busy"} 3',
      'daybook_database_connections{state="waiting"} 1',
    ]),
  )
  expect(lines.some(line => line.startsWith('process_cpu_seconds_total'))).toBe(true)
})

test('each server counts for itself', async () => {
  createMetrics().countLookup('credential', true)
  expect(await createMetrics().render()).not.toContain('"credential"')
  expect(register.getMetricsAsArray()).toEqual([])
})

test('sinks that are gone are counted no more, and without the database nothing is said of any', async () => {
  const metrics = createMetrics()
  let read = async () => [{ name: 'kept', isRunning: false, lag: 0, ageMs: 0 }]
  metrics.watch('sinks', async () => {
    const sinks = await read()
    metrics.keepSinks(sinks.map(each => each.name))
    return sinks
  })
  metrics.countSinkError('kept')
  metrics.countSinkError('gone')
  await metrics.render()
  const text = await metrics.render()
  expect(text).toContain('daybook_sink_errors_total{sink="kept"} 1')
  expect(text).toContain('daybook_sink_running{sink="kept"} 0')
  expect(text).not.toContain('sink="gone"')
  read = () => Promise.reject(new Error('no database'))
  const without = await metrics.render()
  expect(without).not.toContain('daybook_sink_lag{')
  expect(without).toContain('daybook_sink_errors_total{sink="kept"} 1')
})

test('handlers with nothing to do have no series, and without the database nobody has one', async () => {
  const metrics = createMetrics()
  let read = async () => [{ handler: 'busy', waiting: 1, running: 0, oldestSeconds: 0 }]
  metrics.watch('handlers', () => read())
  expect(await metrics.render()).toContain('daybook_event_waiting{handler="busy"} 1')
  read = async () => []
  expect(await metrics.render()).not.toContain('handler="busy"')
  read = () => Promise.reject(new Error('no database'))
  expect(await metrics.render()).not.toContain('handler="busy"')
})

test('every name keeps the rules of Prometheus: what promtool check metrics refuses is not there', async () => {
  const metrics = createMetrics()
  metrics.watch('sinks', async () => [])
  metrics.watch('handlers', async () => [])
  metrics.watch('pool', () => ({ total: 0, idle: 0, waiting: 0 }))
  const text = await metrics.render()
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type])
  expect(types.length).toBeGreaterThan(30)
  for (const [name = '', type] of types) {
    expect(name).toMatch(/^[a-z][a-z0-9_]*$/)
    expect(name).not.toMatch(/_(count|sum|bucket|milliseconds|ms)$/)
    expect([name, /_total$/.test(name)]).toEqual([name, type === 'counter'])
    expect(text).toMatch(new RegExp(`^# HELP ${name} \\S`, 'm'))
  }
})

test('of several workers each has series of its own, and what none of them knows is still told', async () => {
  const readings: (() => Promise<unknown>)[] = []
  const workerMetrics = (number: number) =>
    createMetrics({
      number,
      others: async () => [await readings[number === 1 ? 2 : 1]?.()],
      answerWith(read) {
        readings[number] = read
      },
    })
  const [first, second] = [workerMetrics(1), workerMetrics(2)]
  first.countRows('js-result', 'deleted', 7)
  second.countRows('js-result', 'deleted', 5)
  second.countRequest('m', undefined, 0.002)
  first.watch('replica', () => ({ isUsed: false, lagMs: Number.POSITIVE_INFINITY }))
  const lines = (await first.render()).split('\n')
  expect(lines).toEqual(
    expect.arrayContaining([
      'daybook_rows_total{resource="js-result",action="deleted",worker="1"} 7',
      'daybook_rows_total{resource="js-result",action="deleted",worker="2"} 5',
      'daybook_request_duration_seconds_count{method="m",worker="2"} 1',
      'daybook_replica_lag_seconds{worker="1"} +Inf',
    ]),
  )
  expect(lines.filter(line => line.startsWith('# TYPE daybook_rows_total'))).toHaveLength(1)
  expect(lines.some(line => line.startsWith('process_start_time_seconds{worker="2"}'))).toBe(true)
})
