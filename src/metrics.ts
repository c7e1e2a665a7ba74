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

/** The method label of a request that names no known method: a client must not make new series. */
export const unknownMethod = 'unknown'

/** `expired`: deleted by a retention rule. */
export type RowAction = 'returned' | 'deleted' | 'appended' | 'expired'

/** The connections of a database pool; `waiting` counts the requests without one. */
export interface PoolCounts {
  readonly total: number
  readonly idle: number
  readonly waiting: number
}

/** Whether a replica of the database is read from, and how far it is behind at most, in milliseconds. */
export interface ReplicaReading {
  readonly isUsed: boolean
  readonly lagMs: number
}

/** How far a sink is behind the last number of its resource. */
export interface SinkReading {
  readonly name: string
  readonly isRunning: boolean
  readonly lag: number
  readonly ageMs: number
}

/** What an event handler has still to do, on all servers. */
export interface HandlerReading {
  readonly handler: string
  readonly waiting: number
  readonly running: number
  readonly oldestSeconds: number
}

/** What a table takes on the disk, in bytes; `rows`: about. */
export interface TableReading {
  readonly table: string
  readonly bytes: number
  readonly indexBytes: number
  readonly rows: number
}

/** The subscriptions to a resource on this server: how many, how far the last of them is behind, what they cost to match. */
export interface StreamReading {
  readonly resource: string
  readonly subscribers: number
  readonly lag: number
  readonly cost: number
}

/** Runs of scripts on this server. */
export interface ScriptCounts {
  readonly computing: number
  /** Begun, and waiting for something or for their turn. */
  readonly waiting: number
  readonly queued: number
}

/** What the server counts. Every call is cheap enough for every request. */
export interface Metrics {
  /** One answered request: its method (`unknownMethod` if there is none such), its error code if it failed, its time. */
  countRequest(method: string, code: number | undefined, seconds: number): void
  /** One look into a cache, e.g. `credential` or `statement`. */
  countLookup(cache: string, isHit: boolean): void
  countRows(resource: string, action: RowAction, rows: number): void
  /** A credential that was not taken: its kind, and the reason of the error. */
  countRefusedCredential(kind: string, reason: string): void
  /** One attempt of an event handler that ended here: `success`, `fail`, `waiting` (to be tried again) or `lost`. */
  countRun(ending: string): void
  /** A delivery of a sink that failed here. */
  countSinkError(sink: string): void
  /** Reads how far the sinks are behind whenever the metrics are asked for. */
  watchSinks(read: () => Promise<readonly SinkReading[]>): void
  /** Reads what the event handlers have still to do whenever the metrics are asked for. */
  watchHandlers(read: () => Promise<readonly HandlerReading[]>): void
  /** Reads what the tables take whenever the metrics are asked for. */
  watchTables(read: () => Promise<readonly TableReading[]>): void
  /** Reads the subscriptions of this server whenever the metrics are asked for. */
  watchStreams(read: () => Promise<readonly StreamReading[]>): void
  /** Reads the runs of scripts whenever the metrics are asked for. */
  watchScripts(read: () => ScriptCounts): void
  /** Reads the pool whenever the metrics are asked for. */
  watchPool(stats: () => PoolCounts): void
  /** Reads how a replica of the database follows whenever the metrics are asked for. */
  watchReplica(read: () => ReplicaReading): void
  /** Reads what bodies hold that have not arrived whole whenever the metrics are asked for. */
  watchUnfinishedBytes(read: () => number): void
  /** Reads how many connections are open whenever the metrics are asked for. */
  watchConnections(read: () => number): void
  /** A request of a script's route that was refused unread. */
  countRouteRefusal(reason: string): void
  /** Reads what answers hold whenever the metrics are asked for. */
  watchAnswerBytes(read: () => number): void
  /** Something of a client that was ended: `what` it is, and why. */
  countCutOff(what: 'connection' | 'body' | 'answer' | 'websocket', reason: string): void
  readonly contentType: string
  /** The metrics in Prometheus text format. */
  render(): Promise<string>
}

/** The other processes that serve the same port, to show in one answer what all of them count. */
export interface MetricPeers {
  /** The `worker` label of what is counted here. */
  readonly number: number
  /** What the others' `answerWith` reads. */
  others(): Promise<readonly unknown[]>
  answerWith(read: () => Promise<unknown>): void
}

/** Metrics in a registry of their own, together with the usual ones of the process. */
export function createMetrics(peers?: MetricPeers): Metrics {
  const registry = new Registry()
  // Looked at a hundred times a second, the event loop alone takes half a per cent of a core.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 })
  // Gauges that end like counters: Prometheus' own checks refuse them, and each is the sum of one that stays.
  for (const sum of ['resources', 'handles', 'requests']) {
    registry.removeSingleMetric(`nodejs_active_${sum}_total`)
  }
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
  const runs = new Counter({
    name: 'daybook_event_runs_total',
    help: 'Attempts of event handlers by how they ended; waiting: to be tried again; lost: taken over by another',
    labelNames: ['ending'],
    registers: [registry],
  })
  const routeRefusals = new Counter({
    name: 'daybook_route_refusals_total',
    help: 'Requests of the routes of scripts that were refused unread',
    labelNames: ['reason'],
    registers: [registry],
  })
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
    countRows: (resource, action, count) => rows(resource, action, count),
    ...sinkMetrics(registry),
    countRun: ending => runs.inc({ ending }),
    watchHandlers: read =>
      addReadGauges(registry, 'handler', read, [
        ['daybook_event_waiting', 'Runs of a handler that wait, on all servers', each => each.waiting],
        [
          'daybook_event_running',
          'Runs of a handler that are under way, on all servers',
          each => each.running,
        ],
        [
          'daybook_event_oldest_waiting_seconds',
          'How long the oldest run of a handler that may begin has waited',
          each => each.oldestSeconds,
        ],
      ]),
    watchTables: read =>
      addReadGauges(registry, 'table', read, [
        ['daybook_table_bytes', 'Bytes of a table on the disk without its indexes', each => each.bytes],
        ['daybook_table_index_bytes', 'Bytes of the indexes of a table on the disk', each => each.indexBytes],
        ['daybook_table_rows', 'About how many rows a table has', each => each.rows],
      ]),
    watchStreams: read => addStreamGauges(registry, read),
    countRouteRefusal: reason => routeRefusals.inc({ reason }),
    watchScripts: read => addScriptGauge(registry, read),
    watchPool: stats => addPoolGauge(registry, stats),
    watchReplica: read => addReplicaGauges(registry, read),
    watchUnfinishedBytes: read =>
      addGauge(
        registry,
        'daybook_unfinished_bytes',
        'Bytes of bodies and messages that have not arrived whole',
        read,
      ),
    watchConnections: read =>
      addGauge(registry, 'daybook_connections', 'Connections of clients that are open', read),
    watchAnswerBytes: read =>
      addGauge(
        registry,
        'daybook_answer_bytes',
        'Bytes that answers hold while they are made and until they are read',
        read,
      ),
    countCutOff: (what, reason) => cutOff(what, reason, 1),
    contentType: registry.contentType,
    render: peers === undefined ? () => registry.metrics() : renderWith(registry, peers),
  }
}

type Readings = readonly MetricObjectWithValues<MetricValue<string>>[]

/** Each worker's series have a label of their own: added up, they would fall whenever one of them starts anew. */
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

function addGauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read())
    },
  })
}

function addScriptGauge(registry: Registry, read: () => ScriptCounts): void {
  new Gauge({
    name: 'daybook_script_runs',
    help: 'Runs of scripts on this server: computing, waiting for something, or queued to begin',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const [state, runs] of Object.entries(read())) this.set({ state }, runs)
    },
  })
}

function addPoolGauge(registry: Registry, stats: () => PoolCounts): void {
  new Gauge({
    name: 'daybook_database_connections',
    help: 'Connections of the database pool; waiting counts the requests without one',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const { total, idle, waiting } = stats()
      this.set({ state: 'busy' }, total - idle)
      this.set({ state: 'idle' }, idle)
      this.set({ state: 'waiting' }, waiting)
    },
  })
}

function addReplicaGauges(registry: Registry, read: () => ReplicaReading): void {
  new Gauge({
    name: 'daybook_replica_lag_seconds',
    help: 'How far the replica is behind at most: the age of what it is known to show; +Inf: nothing is known',
    registers: [registry],
    collect() {
      this.set(read().lagMs / 1000)
    },
  })
  new Gauge({
    name: 'daybook_replica_used',
    help: '1 while reads go to the replica',
    registers: [registry],
    collect() {
      this.set(read().isUsed ? 1 : 0)
    },
  })
}

function addStreamGauges(registry: Registry, read: () => Promise<readonly StreamReading[]>): void {
  const readStreams = async () => read()
  addReadGauges(registry, 'resource', readStreams, [
    ['daybook_stream_subscribers', 'Subscriptions to a resource on this server', each => each.subscribers],
    [
      'daybook_stream_lag',
      'Numbers that the subscription which is furthest behind has still to look at',
      each => each.lag,
    ],
    [
      'daybook_stream_match_cost',
      'Comparisons for which the subscriptions to a resource count on this server',
      each => each.cost,
    ],
  ])
}

/** Series of sinks that are deleted end with them. */
function sinkMetrics(registry: Registry): Pick<Metrics, 'countSinkError' | 'watchSinks'> {
  const labelNames = ['sink'] as const
  const errors = new Counter({
    name: 'daybook_sink_errors_total',
    help: 'Deliveries of a sink that failed on this server',
    labelNames,
    registers: [registry],
  })
  const counted = new Set<string>()
  function forgetOthers(sinks: readonly SinkReading[]): void {
    for (const sink of counted) {
      if (sinks.some(each => each.name === sink)) continue
      errors.remove({ sink })
      counted.delete(sink)
    }
  }
  return {
    countSinkError(sink) {
      counted.add(sink)
      errors.inc({ sink })
    },
    watchSinks(read) {
      const readSinks = async () => {
        const sinks = await read()
        forgetOthers(sinks)
        return sinks.map(sink => ({ ...sink, sink: sink.name }))
      }
      addReadGauges(registry, 'sink', readSinks, [
        ['daybook_sink_lag', 'Numbers that a sink has still to deliver or to leave out', each => each.lag],
        [
          'daybook_sink_age_seconds',
          'How long ago the first of these was given out',
          each => each.ageMs / 1000,
        ],
        [
          'daybook_sink_running',
          '1 while a sink is neither paused nor failed',
          each => (each.isRunning ? 1 : 0),
        ],
      ])
    },
  }
}

/** Gauges of one label whose series are those of one reading, made whenever the metrics are asked for. */
function addReadGauges<Label extends string, Reading extends Readonly<Record<Label, string>>>(
  registry: Registry,
  label: Label,
  read: () => Promise<readonly Reading[]>,
  gauges: readonly (readonly [name: string, help: string, value: (reading: Reading) => number])[],
): void {
  let reading: Promise<readonly Reading[]> | undefined
  // All gauges are asked at the same moment: one look serves them.
  const look = (): Promise<readonly Reading[]> => {
    reading ??= read()
      // Without the database there is nothing to tell of these, but of all the rest.
      .catch(() => [])
      .finally(() => {
        reading = undefined
      })
    return reading
  }
  for (const [name, help, value] of gauges) {
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      async collect() {
        const readings = await look()
        this.reset()
        for (const each of readings) this.labels(each[label]).set(value(each))
      },
    })
  }
}
