/** What a run of subscriptions comes to: how late all have heard, what it costs the server, and what the sockets take. */
import { columns, type Facts, markdown } from '../report.ts'
import { median } from '../statistics.ts'
import { SETTLED_AFTER, type SubscriptionsMeasured, type ToldChange } from './measure.ts'

/** The machine and the code, without the database that other workloads share. */
export type MachineFacts = Pick<Facts, 'date' | 'commit' | 'processor' | 'cores' | 'memoryGiB' | 'node'>

export interface SubscriptionsReport {
  readonly facts: MachineFacts
  readonly sockets: number
  readonly rows: readonly (readonly string[])[]
  readonly changes: readonly ToldChange[]
}

const HEADINGS = ['figure', 'value']

export function reportSubscriptions(
  facts: MachineFacts,
  { sockets, openedMs, idleMib, changes }: SubscriptionsMeasured,
): SubscriptionsReport {
  const of = (pick: (change: ToldChange) => number): readonly number[] => changes.map(pick)
  const last = of(({ lastHeardMs }) => lastHeardMs)
  const firstMib = changes[0]?.residentMib ?? Number.NaN
  const half = Math.ceil(changes.length / 2)
  const residentMax = (from: number, to: number): number => Math.max(...of(({ residentMib }) => residentMib).slice(from, to))
  const liveAfter = (count: number): number => changes[count - 1]?.liveMib ?? Number.NaN
  const kibPerSocket = ((firstMib - idleMib) * 1_024) / sockets
  const rows = [
    ['all sockets open', `${(openedMs / 1_000).toFixed(1)} s`],
    ['the first has heard, median', milliseconds(median(of(({ firstHeardMs }) => firstHeardMs)))],
    ['all have heard, median', milliseconds(median(last))],
    ['all have heard, worst', milliseconds(Math.max(...last))],
    ['CPU of the server for a change, median', milliseconds(median(of(({ serverCpuMs }) => serverCpuMs)))],
    ['memory for a socket, after the first change', `${kibPerSocket.toFixed(0)} KiB`],
    ['resident memory before the first socket', mebibytes(idleMib)],
    ['resident memory after the first change', mebibytes(firstMib)],
    [`most resident memory in changes ${SETTLED_AFTER + 1} to ${half}`, mebibytes(residentMax(SETTLED_AFTER, half))],
    [`most resident memory in changes ${half + 1} to ${changes.length}`, mebibytes(residentMax(half, changes.length))],
    [`alive after ${SETTLED_AFTER} changes, garbage collected`, mebibytes(liveAfter(SETTLED_AFTER))],
    [`alive after ${changes.length} changes, garbage collected`, mebibytes(liveAfter(changes.length))],
  ]
  return { facts, sockets, rows, changes }
}

export function renderSubscriptionsTerminal({ sockets, rows }: SubscriptionsReport): string {
  return `\n${sockets} subscriptions\n${columns([HEADINGS, ...rows])}`
}

export function renderSubscriptionsMarkdown({ facts, sockets, rows, changes }: SubscriptionsReport): string {
  return `${[
    `# Benchmark of subscriptions, ${facts.date}`,
    `Commit ${facts.commit}. ${facts.processor}, ${facts.cores} cores, ${facts.memoryGiB} GiB; Node ${facts.node}. ` +
      `${sockets.toLocaleString('en')} web sockets, each with one subscription, to one process; ${changes.length} changes, one after the other, each told to ` +
      'all. Times count from the request that made the change. The clients are one other process on the same machine.',
    markdown([HEADINGS, ...rows]),
  ].join('\n\n')}\n`
}

function milliseconds(value: number): string {
  return `${value.toFixed(0)} ms`
}

function mebibytes(value: number): string {
  return `${value.toFixed(1)} MiB`
}
