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
