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
  metrics.watchSinks(async () => [{ name: 'out', isRunning: true, lag: 12 }])
  metrics.watchPool(() => ({ total: 5, idle: 2, waiting: 1 }))
  const lines = (await metrics.render()).split('\n')
  expect(lines).toEqual(
    expect.arrayContaining([
      'daybook_requests_total{method="m",code="ok"} 2',
      'daybook_requests_total{method="m",code="102"} 1',
      'daybook_request_duration_seconds_bucket{le="0.0025",method="m"} 2',
      'daybook_request_duration_seconds_count{method="m"} 3',
      'daybook_cache_lookups_total{cache="credential",outcome="hit"} 1',
      'daybook_cache_lookups_total{cache="credential",outcome="miss"} 1',
      'daybook_rows_total{resource="js-result",action="deleted"} 7',
      'daybook_event_runs_total{ending="success"} 2',
      'daybook_sink_errors_total{sink="out"} 1',
      'daybook_sink_lag{sink="out"} 12',
      'daybook_sink_running{sink="out"} 1',
      'daybook_database_connections{state="busy"} 3',
      'daybook_database_connections{state="waiting"} 1',
    ]),
  )
  expect(lines.some(line => line.startsWith('process_cpu_seconds_total'))).toBe(true)
})

test('each server counts for itself', async () => {
  createMetrics().countLookup('credential', true)
  expect(await createMetrics().render()).not.toContain('credential')
  expect(register.getMetricsAsArray()).toEqual([])
})

test('sinks that are gone are counted no more, and without the database nothing is said of any', async () => {
  const metrics = createMetrics()
  let read = async () => [{ name: 'kept', isRunning: false, lag: 0 }]
  metrics.watchSinks(() => read())
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
