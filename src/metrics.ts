import {
  AggregatorRegistry,
  Counter,
  collectDefaultMetrics,
  Gauge,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client'
import { batchedCounter, batchedDuration } from './batched-metrics.ts'
import type { Reason } from './errors.ts'

/** The method label of a request for an unknown method: a client must not create new series. */
export const unknownMethod = 'unknown'

/** `expired`: deleted by a retention rule. */
export type RowAction = 'returned' | 'deleted' | 'appended' | 'expired'

/** What gauges are read from, on each scrape. */
export interface GaugeReadings {
  /** The connections of the database pool; `waiting` counts the requests without one. */
  readonly pool: { readonly total: number; readonly idle: number; readonly waiting: number }
  /** Whether reads go to a database replica, and its maximum lag in milliseconds. */
  readonly replica: { readonly isUsed: boolean; readonly lagMs: number }
  /** Connections of clients that are open. */
  readonly connections: number
  /** Bytes of incomplete bodies and messages. */
  readonly unfinishedBytes: number
  /** Bytes that answers hold. */
  readonly answerBytes: number
  /** Runs of scripts on this server; `waiting`: begun, and waiting for something or for their turn. */
  readonly scripts: { readonly computing: number; readonly waiting: number; readonly queued: number }
  /** A table's size on disk, in bytes; `rows` is an estimate. */
  readonly tables: readonly {
    readonly table: string
    readonly bytes: number
    readonly indexBytes: number
    readonly rows: number
  }[]
  /** An event handler's remaining work, on all servers. */
  readonly handlers: readonly {
    readonly handler: string
    readonly waiting: number
    readonly running: number
    readonly oldestSeconds: number
  }[]
  /**
   * The subscriptions to a resource on this server: how many, how far the last of them is behind, what they
   * cost to match.
   */
  readonly streams: readonly {
    readonly resource: string
    readonly subscribers: number
    readonly lag: number
    readonly cost: number
  }[]
  /** How far a sink is behind the last number of its resource. */
  readonly sinks: readonly {
    readonly name: string
    readonly isRunning: boolean
    readonly lag: number
    readonly ageMs: number
  }[]
  /** How many monitors are in each state. */
  readonly monitors: Readonly<Record<string, number>>
}

type Source = keyof GaugeReadings

/** A gauge; `series`: the value of its label (none: an empty text) and its own, of each series. */
interface GaugeDeclaration<Reading> {
  readonly name: string
  readonly help: string
  readonly label?: string
  series(reading: Reading): readonly (readonly [label: string, value: number])[]
}

function plain<Reading>(
  name: string,
  help: string,
  value: (reading: Reading) => number,
): GaugeDeclaration<Reading> {
  return { name, help, series: reading => [['', value(reading)]] }
}

function ofEach<Row>(label: string, labelOf: (row: Row) => string) {
  return (name: string, help: string, value: (row: Row) => number): GaugeDeclaration<readonly Row[]> => ({
    name,
    help,
    label,
    series: rows => rows.map(row => [labelOf(row), value(row)]),
  })
}

const ofTable = ofEach<GaugeReadings['tables'][number]>('table', each => each.table)
const ofHandler = ofEach<GaugeReadings['handlers'][number]>('handler', each => each.handler)
const ofStream = ofEach<GaugeReadings['streams'][number]>('resource', each => each.resource)
const ofSink = ofEach<GaugeReadings['sinks'][number]>('sink', each => each.name)

const gauges: { readonly [S in Source]: readonly GaugeDeclaration<GaugeReadings[S]>[] } = {
  pool: [
    {
      name: 'daybook_database_connections',
      help: 'Connections of the database pool; waiting counts the requests without one',
      label: 'state',
      series: ({ total, idle, waiting }) => [
        ['busy', total - idle],
        ['idle', idle],
        ['waiting', waiting],
      ],
    },
  ],
  replica: [
    plain(
      'daybook_replica_lag_seconds',
      'How far the replica is behind at most: the age of what it is known to show; +Inf: nothing is known',
      each => each.lagMs / 1000,
    ),
    plain('daybook_replica_used', '1 while reads go to the replica', each => (each.isUsed ? 1 : 0)),
  ],
  connections: [plain('daybook_connections', 'Connections of clients that are open', count => count)],
  unfinishedBytes: [
    plain(
      'daybook_unfinished_bytes',
      'Bytes of bodies and messages that have not arrived whole',
      bytes => bytes,
    ),
  ],
  answerBytes: [
    plain(
      'daybook_answer_bytes',
      'Bytes that answers hold while they are made and until they are read',
      bytes => bytes,
    ),
  ],
  scripts: [
    {
      name: 'daybook_script_runs',
      help: 'Runs of scripts on this server: computing, waiting for something, or queued to begin',
      label: 'state',
      series: Object.entries,
    },
  ],
  tables: [
    ofTable('daybook_table_bytes', 'Bytes of a table on the disk without its indexes', each => each.bytes),
    ofTable(
      'daybook_table_index_bytes',
      'Bytes of the indexes of a table on the disk',
      each => each.indexBytes,
    ),
    ofTable('daybook_table_rows', 'About how many rows a table has', each => each.rows),
  ],
  handlers: [
    ofHandler('daybook_event_waiting', 'Runs of a handler that wait, on all servers', each => each.waiting),
    ofHandler(
      'daybook_event_running',
      'Runs of a handler that are under way, on all servers',
      each => each.running,
    ),
    ofHandler(
      'daybook_event_oldest_waiting_seconds',
      'How long the oldest run of a handler that may begin has waited',
      each => each.oldestSeconds,
    ),
  ],
  streams: [
    ofStream(
      'daybook_stream_subscribers',
      'Subscriptions to a resource on this server',
      each => each.subscribers,
    ),
    ofStream(
      'daybook_stream_lag',
      'Numbers that the subscription which is furthest behind has still to look at',
      each => each.lag,
    ),
    ofStream(
      'daybook_stream_match_cost',
      'Comparisons for which the subscriptions to a resource count on this server',
      each => each.cost,
    ),
  ],
  sinks: [
    ofSink('daybook_sink_lag', 'Numbers that a sink has still to deliver or to leave out', each => each.lag),
    ofSink(
      'daybook_sink_age_seconds',
      'How long ago the first of these was given out',
      each => each.ageMs / 1000,
    ),
    ofSink('daybook_sink_running', '1 while a sink is neither paused nor failed', each =>
      each.isRunning ? 1 : 0,
    ),
  ],
  monitors: [
    {
      name: 'daybook_monitors',
      help: 'Monitors that are enabled, by their state, on all servers',
      label: 'state',
      series: Object.entries,
    },
  ],
}

/** What the server counts. Every call is cheap enough for every request. */
export interface Metrics {
  /**
   * One answered request: its method (`unknownMethod` if there is none such), its error code if it failed,
   * its time.
   */
  countRequest(method: string, code: number | undefined, seconds: number): void
  /** One look into a cache, e.g. `credential` or `statement`. */
  countLookup(cache: string, isHit: boolean): void
  countRows(resource: string, action: RowAction, rows: number): void
  /** A rejected credential: its kind, and the reason of the error. */
  countRefusedCredential(kind: string, reason: Reason): void
  /**
   * One attempt of an event handler that ended here: `success`, `fail`, `waiting` (to be tried again) or
   * `lost`.
   */
  countRun(ending: string): void
  /** A delivery of a sink that failed here. */
  countSinkError(sink: string): void
  /** An evaluation of a monitor that failed here: the reason of its error. */
  countMonitorError(reason: string): void
  /** Sets the existing sinks: the counts of all others are dropped. */
  keepSinks(names: readonly string[]): void
  /** A request of a script's route that was refused unread. */
  countRouteRefusal(reason: Reason): void
  /** A client's connection, body or answer that the server cut off, and why. */
  countCutOff(what: 'connection' | 'body' | 'answer' | 'websocket', reason: string): void
  /** Reads the gauges of a source from `read`. */
  watch<S extends Source>(source: S, read: () => GaugeReadings[S] | Promise<GaugeReadings[S]>): void
  readonly contentType: string
  /** The metrics in Prometheus text format. */
  render(): Promise<string>
}

/** The other processes that serve the same port, to show in one answer what all of them count. */
export interface MetricPeers {
  /** The `worker` label of this process's series. */
  readonly number: number
  /** The results of the other processes' `answerWith`. */
  others(): Promise<readonly unknown[]>
  answerWith(read: () => Promise<unknown>): void
}

/** Metrics in a registry of their own, together with the usual ones of the process. */
export function createMetrics(peers?: MetricPeers): Metrics {
  const registry = processRegistry()
  const requests = batchedCounter(registry, 'daybook_requests_total', 'Answered requests', ['method', 'code'])
  const lookups = batchedCounter(registry, 'daybook_cache_lookups_total', 'Cache lookups', [
    'cache',
    'outcome',
  ])
  const rows = batchedCounter(registry, 'daybook_rows_total', 'Rows by what happened to them', [
    'resource',
    'action',
  ])
  const refusedCredentials = batchedCounter(
    registry,
    'daybook_refused_credentials_total',
    'Credentials that were wrong, out of date, or not checked because there were too many (login_delayed, too_many_logins)',
    ['kind', 'reason'],
  )
  const cutOff = batchedCounter(
    registry,
    'daybook_cut_off_total',
    'Connections, bodies, answers and WebSockets of clients that were ended, by why',
    ['what', 'reason'],
  )
  const runs = counter(
    registry,
    'daybook_event_runs_total',
    'Attempts of event handlers by how they ended; waiting: to be tried again; lost: taken over by another',
    'ending',
  )
  const routeRefusals = counter(
    registry,
    'daybook_route_refusals_total',
    'Requests of the routes of scripts that were refused unread',
    'reason',
  )
  const sinkErrors = counter(
    registry,
    'daybook_sink_errors_total',
    'Deliveries of a sink that failed on this server',
    'sink',
  )
  const monitorErrors = counter(
    registry,
    'daybook_monitor_errors_total',
    'Evaluations of monitors that failed on this server',
    'reason',
  )
  const failedSinks = new Set<string>()
  const observeDuration = batchedDuration(registry, {
    name: 'daybook_request_duration_seconds',
    help: 'Time from a parsed request to its answer',
    label: 'method',
    bounds: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  })
  return {
    countRequest(method, code, seconds) {
      requests(method, code === undefined ? 'ok' : String(code), 1)
      observeDuration(method, seconds)
    },
    countLookup: (cache, isHit) => lookups(cache, isHit ? 'hit' : 'miss', 1),
    countRefusedCredential: (kind, reason) => refusedCredentials(kind, reason, 1),
    countRows: rows,
    countRun: ending => runs.labels(ending).inc(),
    countRouteRefusal: reason => routeRefusals.labels(reason).inc(),
    countCutOff: (what, reason) => cutOff(what, reason, 1),
    countSinkError(sink) {
      failedSinks.add(sink)
      sinkErrors.labels(sink).inc()
    },
    countMonitorError: reason => monitorErrors.labels(reason).inc(),
    keepSinks(names) {
      for (const sink of failedSinks) {
        if (names.includes(sink)) continue
        sinkErrors.remove(sink)
        failedSinks.delete(sink)
      }
    },
    watch: (source, read) => addGauges(registry, gauges[source], read),
    contentType: registry.contentType,
    render: peers === undefined ? () => registry.metrics() : renderWith(registry, peers),
  }
}

type Readings = readonly MetricObjectWithValues<MetricValue<string>>[]

/** Each worker's series have their own label: a sum would drop whenever one worker restarts. */
function renderWith(registry: Registry, peers: MetricPeers): () => Promise<string> {
  const worker = String(peers.number)
  const read = async (): Promise<Readings> => {
    const metrics = await registry.getMetricsAsJSON()
    return metrics.map(metric => ({
      ...metric,
      aggregator: 'sum',
      values: metric.values.map(value => ({ ...value, labels: { ...value.labels, worker } })),
    }))
  }
  peers.answerWith(read)
  return async () => {
    const readings = await Promise.all([read(), peers.others()])
    return AggregatorRegistry.aggregate([readings[0], ...(readings[1] as Readings[])]).metrics()
  }
}

function processRegistry(): Registry {
  const registry = new Registry()
  // Sampling the event loop a hundred times a second takes half a per cent of a core.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 })
  // Gauges that end like counters: Prometheus' own checks refuse them, and each is the sum of one that stays.
  for (const sum of ['resources', 'handles', 'requests']) {
    registry.removeSingleMetric(`nodejs_active_${sum}_total`)
  }
  return registry
}

function counter(registry: Registry, name: string, help: string, label: string): Counter {
  return new Counter({ name, help, labelNames: [label], registers: [registry] })
}

/** Gauges of one source: one reading serves all of them. */
function addGauges<Reading>(
  registry: Registry,
  declarations: readonly GaugeDeclaration<Reading>[],
  read: () => Reading | Promise<Reading>,
): void {
  let reading: Promise<Reading | undefined> | undefined
  const look = (): Promise<Reading | undefined> => {
    // If the database is down, only this source is missing.
    reading ??= (async () => read())()
      .catch(() => undefined)
      .finally(() => {
        reading = undefined
      })
    return reading
  }
  for (const { name, help, label, series } of declarations) {
    new Gauge({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [registry],
      async collect() {
        const found = await look()
        this.reset()
        for (const [value, number] of found === undefined ? [] : series(found)) {
          if (label === undefined) this.set(number)
          else this.labels(value).set(number)
        }
      },
    })
  }
}
