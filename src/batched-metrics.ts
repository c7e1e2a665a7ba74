import { Counter, type Histogram, type Registry } from 'prom-client'

/** The counts of one series that the registry's counter does not include yet. */
interface Pending {
  count: number
  readonly add: (count: number) => void
}

/**
 * A counter of two labels on the path of every request: a look-up and an addition. The registry's counter
 * gets the sums when it is read.
 */
export function batchedCounter(registry: Registry, name: string, help: string, labelNames: [string, string]) {
  const series = new Map<string, Map<string, Pending>>()
  const counter = new Counter({
    name,
    help,
    labelNames,
    registers: [registry],
    collect() {
      for (const ofFirst of series.values()) {
        for (const pending of ofFirst.values()) {
          if (pending.count > 0) pending.add(pending.count)
          pending.count = 0
        }
      }
    },
  })

  function addSeries(first: string, second: string): Pending {
    const labelled = counter.labels(first, second)
    const pending: Pending = { count: 0, add: count => labelled.inc(count) }
    const ofFirst = series.get(first) ?? new Map<string, Pending>()
    series.set(first, ofFirst.set(second, pending))
    return pending
  }

  return (first: string, second: string, count: number): void => {
    const pending = series.get(first)?.get(second) ?? addSeries(first, second)
    pending.count += count
  }
}

export interface DurationOptions {
  readonly name: string
  readonly help: string
  readonly label: string
  /** Upper bounds of the buckets in seconds, ascending. */
  readonly bounds: readonly number[]
}

interface Observed {
  /** How many were within each bound and no lower one. */
  readonly counts: number[]
  sum: number
  count: number
}

/**
 * A histogram of one label that only adds up: the readings are made when it is read, as Prometheus wants
 * them.
 */
export function batchedDuration(registry: Registry, { name, help, label, bounds }: DurationOptions) {
  const series = new Map<string, Observed>()

  function addSeries(value: string): Observed {
    const observed: Observed = { counts: bounds.map(() => 0), sum: 0, count: 0 }
    series.set(value, observed)
    return observed
  }

  function readingsOf(value: string, { counts, sum, count }: Observed) {
    const labels = { [label]: value }
    let within = 0
    const buckets = bounds.map((bound, i) => {
      within += counts[i] ?? 0
      return { metricName: `${name}_bucket`, labels: { le: bound, ...labels }, value: within }
    })
    return [
      ...buckets,
      { metricName: `${name}_bucket`, labels: { le: '+Inf', ...labels }, value: count },
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ]
  }

  const metric = {
    name,
    async get() {
      const values: readonly unknown[] = [...series].flatMap(([value, observed]) =>
        readingsOf(value, observed),
      )
      return { name, help, type: 'histogram', aggregator: 'sum', values }
    },
  }
  // The registry reads `name` and calls `get`; its own class counts at a higher cost.
  registry.registerMetric(metric as unknown as Histogram)
  return (value: string, seconds: number): void => {
    const observed = series.get(value) ?? addSeries(value)
    observed.sum += seconds
    observed.count++
    for (let i = 0; i < bounds.length; i++) {
      if (seconds > (bounds[i] as number)) continue
      observed.counts[i] = (observed.counts[i] as number) + 1
      return
    }
  }
}
