/**
 * Metrics: one row each, filled from the server's own counters when somebody asks. prom-client writes them down, and
 * is loaded with the first question.
 */
import { DURATION_BOUNDS, type RouteCounters } from './http-counters.ts'
import type { HttpSurroundings } from './http-options.ts'
import { counterOf, refusedOf, type ServerStats } from './server-stats.ts'

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number]

interface MetricRow {
  readonly name: string
  readonly help: string
  readonly kind: 'counter' | 'gauge'
  readonly labels: readonly string[]
  readonly samples: (source: MetricSource) => readonly Sample[]
}

interface MetricSource {
  readonly stats: ServerStats
  readonly routes: ReadonlyMap<string, RouteCounters>
  readonly version: string
}

const counter = (
  name: string,
  help: string,
  labels: readonly string[],
  samples: MetricRow['samples'],
): MetricRow => ({ name, help, kind: 'counter', labels, samples })
const gauge = (
  name: string,
  help: string,
  labels: readonly string[],
  samples: MetricRow['samples'],
): MetricRow => ({ name, help, kind: 'gauge', labels, samples })

/** One sample a part, labelled with its name. */
const each =
  <T>(
    label: string,
    parts: (source: MetricSource) => Readonly<Record<string, T>>,
    value: (part: T) => number,
  ) =>
  (source: MetricSource): readonly Sample[] =>
    Object.entries(parts(source)).map(([name, part]) => [{ [label]: name }, value(part)])

const one =
  (value: (source: MetricSource) => number) =>
  (source: MetricSource): readonly Sample[] => [[{}, value(source)]]

const ports = ({ stats }: MetricSource) => stats.ports
const protocols = ({ stats }: MetricSource) => stats.protocols
const stores = ({ stats }: MetricSource) => stats.hub.stores
const certificates = ({ stats }: MetricSource) => stats.certificates ?? {}

const perRoute =
  (samples: (counters: RouteCounters) => readonly Sample[]) =>
  ({ routes }: MetricSource): readonly Sample[] =>
    [...routes].flatMap(([route, counters]) =>
      samples(counters).map(([labels, value]): Sample => [{ route, ...labels }, value]),
    )

export const METRICS: readonly MetricRow[] = [
  gauge('logcaster_info', 'Always 1; the version is a label.', ['version'], ({ version }) => [
    [{ version }, 1],
  ]),
  gauge(
    'logcaster_start_time_seconds',
    'When the server started, Unix time.',
    [],
    one(({ stats }) => stats.hub.startedMs / 1000),
  ),
  counter(
    'process_cpu_seconds_total',
    'CPU time of the process.',
    [],
    one(() => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1e6
    }),
  ),
  gauge(
    'process_resident_memory_bytes',
    'Memory of the process.',
    [],
    one(() => process.memoryUsage.rss()),
  ),
  gauge(
    'logcaster_connections',
    'Open connections.',
    ['port'],
    each('port', ports, (port) => port.connections),
  ),
  counter(
    'logcaster_connections_accepted_total',
    'Connections that were let in.',
    ['port'],
    each('port', ports, (port) => port.accepted),
  ),
  counter(
    'logcaster_connections_refused_total',
    'Connections that were not let in.',
    ['port'],
    each('port', ports, refusedOf),
  ),
  counter(
    'logcaster_protocol_records_total',
    'Records that were stored.',
    ['protocol'],
    each('protocol', protocols, (stats) => counterOf(stats, 'records')),
  ),
  counter(
    'logcaster_protocol_bytes_total',
    'Bytes that were read.',
    ['protocol'],
    each('protocol', protocols, (stats) => counterOf(stats, 'bytes')),
  ),
  counter(
    'logcaster_protocol_errors_total',
    'Requests that were answered with an error.',
    ['protocol'],
    each('protocol', protocols, (stats) => counterOf(stats, 'errors')),
  ),
  counter(
    'logcaster_protocol_refused_total',
    'Records that were refused.',
    ['protocol'],
    each('protocol', protocols, refusedOf),
  ),
  gauge(
    'logcaster_store_records',
    'Records in the store.',
    ['store'],
    each('store', stores, (store) => store.records),
  ),
  gauge(
    'logcaster_store_bytes',
    'Bytes of the store on disk.',
    ['store'],
    each('store', stores, (store) => store.bytes),
  ),
  gauge(
    'logcaster_store_writable',
    'One while the store takes records, else zero.',
    ['store'],
    each('store', stores, (store) => (store.state === 'writable' ? 1 : 0)),
  ),
  gauge(
    'logcaster_store_buffer_bytes',
    'Memory for the newest records.',
    ['store'],
    each('store', stores, (store) => store.bufferBytes),
  ),
  counter(
    'logcaster_store_appends_total',
    'Batches that were stored.',
    ['store'],
    each('store', stores, (store) => store.appends),
  ),
  counter(
    'logcaster_store_repeated_batches_total',
    'Batches that came again with a known key.',
    ['store'],
    each('store', stores, (store) => store.repeatedBatches),
  ),
  counter(
    'logcaster_store_fsyncs_total',
    'Syncs of the write-ahead log.',
    ['store'],
    each('store', stores, (store) => store.syncs),
  ),
  counter(
    'logcaster_store_failed_fsyncs_total',
    'Syncs that failed.',
    ['store'],
    each('store', stores, (store) => store.failedSyncs),
  ),
  counter(
    'logcaster_queries_total',
    'Queries.',
    [],
    one(({ stats }) => stats.hub.queries),
  ),
  gauge(
    'logcaster_queries_running',
    'Queries that run.',
    [],
    one(({ stats }) => stats.hub.queriesRunning),
  ),
  gauge(
    'logcaster_query_memory_bytes',
    'Memory that queries hold or may need.',
    [],
    one(({ stats }) => stats.hub.queryBytes),
  ),
  gauge(
    'logcaster_answer_memory_bytes',
    'Rows that were found and that nobody has taken yet.',
    [],
    one(({ stats }) => stats.hub.answerBytes),
  ),
  gauge(
    'logcaster_tails',
    'Tails that run.',
    [],
    one(({ stats }) => stats.hub.tails),
  ),
  counter(
    'logcaster_tail_rows_total',
    'Rows given to tails.',
    [],
    one(({ stats }) => stats.hub.tailRows),
  ),
  counter(
    'logcaster_tail_gap_rows_total',
    'Rows that slow tails missed, and were told of.',
    [],
    one(({ stats }) => stats.hub.tailGapRows),
  ),
  gauge(
    'logcaster_certificate_expiry_seconds',
    'When a certificate ends, Unix time.',
    ['port'],
    each('port', certificates, (certificate) => certificate.expiresMs / 1000),
  ),
  counter(
    'logcaster_http_requests_total',
    'Requests over HTTP.',
    ['route', 'status'],
    perRoute(({ statuses }) =>
      Object.entries(statuses).map(([status, requests]): Sample => [{ status }, requests]),
    ),
  ),
  counter(
    'logcaster_http_request_seconds_bucket',
    'Requests that took at most `le` seconds.',
    ['route', 'le'],
    perRoute(({ within }) =>
      DURATION_BOUNDS.map(
        (bound, index): Sample => [{ le: bound === Infinity ? '+Inf' : String(bound) }, within[index]],
      ),
    ),
  ),
  counter(
    'logcaster_http_request_seconds_sum',
    'Seconds that all requests took.',
    ['route'],
    perRoute(({ seconds }) => [[{}, seconds]]),
  ),
  counter(
    'logcaster_http_request_seconds_count',
    'Requests of which the seconds were measured.',
    ['route'],
    perRoute(({ requests }) => [[{}, requests]]),
  ),
]

export async function metricsText({
  counters,
  options,
}: HttpSurroundings): Promise<{ readonly contentType: string; readonly text: string }> {
  const { Counter, Gauge, Registry } = await import('prom-client')
  const source = { stats: options.serverStats(), routes: counters.routes, version: options.version }
  const registry = new Registry()
  for (const row of METRICS) {
    const { name, help } = row
    const options = { name, help, labelNames: [...row.labels], registers: [registry] }
    if (row.kind === 'gauge') {
      const metric = new Gauge(options)
      for (const [labels, value] of row.samples(source)) metric.set(labels, value)
    } else {
      const metric = new Counter(options)
      for (const [labels, value] of row.samples(source)) metric.inc(labels, value)
    }
  }
  return { contentType: registry.contentType, text: await registry.metrics() }
}
