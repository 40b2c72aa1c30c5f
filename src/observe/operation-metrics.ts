/**
 * Rate, errors and duration of each operation, as counters that are made at start and only added to by a request.
 *
 * prom-client looks its labels up by hashing them on each call; here a handle holds plain numbers, and the text is put
 * together when somebody asks. Process and event-loop figures come from prom-client. @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'

/** Seconds. From a merged point read to the ten seconds at which callers give up; dense where p50, p95 and p99 should lie. */
const BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10] as const
const BUCKETS_MS = BUCKETS_S.map((bound) => bound * 1_000)
/** Statuses are counted in an array by `status - 100`. */
const STATUS_FIRST = 100
const STATUS_COUNT = 500
/** Codes come from the catalogue and the domain; a bound all the same, against a domain that makes them from data. */
const CODES_MAX = 200

/** The counters of one operation. */
export interface OperationHandle {
  record(status: number, durationMs: number, errorCode: string | null): void
  /** Counts a request that a rate limit refused. */
  recordLimited(limit: string): void
  /** Counts a request that was refused for who its caller is. */
  recordDenied(errorCode: string): void
}

export interface OperationMetrics {
  /** The handle of an operation; the same one for the same names. */
  operation(operation: string, surface?: string): OperationHandle
  /** A figure that is read when somebody asks: connections in use, the length of a queue. */
  gauge(name: string, help: string, read: () => number): void
  /** All metrics in the text format of Prometheus. */
  render(): Promise<string>
  readonly contentType: string
}

/** Makes the metrics of a process. */
export function createOperationMetrics(): OperationMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const series = new Map<string, Series>()

  return {
    contentType: registry.contentType,
    operation(operation, surface = 'rest') {
      const labels = `operation="${escapeLabel(operation)}",surface="${escapeLabel(surface)}"`
      let found = series.get(labels)
      if (found === undefined) {
        found = new Series(labels)
        series.set(labels, found)
      }
      return found
    },
    gauge(name, help, read) {
      new Gauge({
        name,
        help,
        registers: [registry],
        collect() {
          this.set(read())
        },
      })
    },
    async render() {
      return `${renderSeries([...series.values()])}${await registry.metrics()}`
    },
  }
}

class Series implements OperationHandle {
  readonly labels: string
  readonly statuses = new Float64Array(STATUS_COUNT)
  readonly codes = new Map<string, number>()
  /** By limit; their names come from code, so they are few. */
  readonly limited = new Map<string, number>()
  /** By code; these are of the catalogue, so they are few. */
  readonly denied = new Map<string, number>()
  /** One count for each bound, and one for what took longer than all. */
  readonly buckets = new Float64Array(BUCKETS_MS.length + 1)
  sumMs = 0

  constructor(labels: string) {
    this.labels = labels
  }

  record(status: number, durationMs: number, errorCode: string | null): void {
    this.statuses[status - STATUS_FIRST] = (this.statuses[status - STATUS_FIRST] ?? 0) + 1
    let at = 0
    while (at < BUCKETS_MS.length && durationMs > (BUCKETS_MS[at] ?? 0)) at++
    this.buckets[at] = (this.buckets[at] ?? 0) + 1
    this.sumMs += durationMs
    if (errorCode !== null) {
      const code = this.codes.has(errorCode) || this.codes.size < CODES_MAX ? errorCode : 'OTHER'
      this.codes.set(code, (this.codes.get(code) ?? 0) + 1)
    }
  }

  recordLimited(limit: string): void {
    this.limited.set(limit, (this.limited.get(limit) ?? 0) + 1)
  }

  recordDenied(errorCode: string): void {
    this.denied.set(errorCode, (this.denied.get(errorCode) ?? 0) + 1)
  }
}

function renderSeries(all: readonly Series[]): string {
  const lines: string[] = []
  head(lines, 'plinth_requests_total', 'counter', 'Requests answered.')
  for (const { labels, statuses } of all) {
    statuses.forEach((count, at) => {
      if (count > 0) lines.push(`plinth_requests_total{${labels},status="${at + STATUS_FIRST}"} ${count}`)
    })
  }
  head(lines, 'plinth_request_errors_total', 'counter', 'Requests answered with an error of the catalogue.')
  for (const { labels, codes } of all) {
    for (const [code, count] of codes) lines.push(`plinth_request_errors_total{${labels},code="${escapeLabel(code)}"} ${count}`)
  }
  head(lines, 'plinth_rate_limited_total', 'counter', 'Requests that a rate limit refused.')
  for (const { labels, limited } of all) {
    for (const [limit, count] of limited)
      lines.push(`plinth_rate_limited_total{${labels},limit="${escapeLabel(limit)}"} ${count}`)
  }
  head(lines, 'plinth_access_denied_total', 'counter', 'Requests refused for who their caller is.')
  for (const { labels, denied } of all) {
    for (const [code, count] of denied) lines.push(`plinth_access_denied_total{${labels},code="${escapeLabel(code)}"} ${count}`)
  }
  head(lines, 'plinth_request_duration_seconds', 'histogram', 'Seconds from the last header of the request to its answer.')
  for (const one of all) renderHistogram(lines, one)
  return `${lines.join('\n')}\n`
}

function renderHistogram(lines: string[], { labels, buckets, sumMs }: Series): void {
  let count = 0
  BUCKETS_S.forEach((bound, at) => {
    count += buckets[at] ?? 0
    lines.push(`plinth_request_duration_seconds_bucket{${labels},le="${bound}"} ${count}`)
  })
  count += buckets[BUCKETS_S.length] ?? 0
  lines.push(`plinth_request_duration_seconds_bucket{${labels},le="+Inf"} ${count}`)
  lines.push(`plinth_request_duration_seconds_sum{${labels}} ${sumMs / 1_000}`)
  lines.push(`plinth_request_duration_seconds_count{${labels}} ${count}`)
}

function head(lines: string[], name: string, type: string, help: string): void {
  lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
}

function escapeLabel(text: string): string {
  return text.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))
}
