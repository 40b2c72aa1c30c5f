/** The rounds of GraphQL and gRPC: every server of a surface once in each, in an order that chance decides. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Database } from '../load.ts'
import { CONNECTIONS, measure, measureLoad, type Sample } from '../measure.ts'
import type { Undo } from '../process.ts'
import type { Measured } from '../report.ts'
import { shuffled } from '../statistics.ts'
import type { Surroundings } from '../target.ts'
import { type SurfaceTarget, startPlinth, startRival } from './target.ts'
import { verifyGraphql, verifyGrpc } from './verify.ts'
import { GET_USER, GRAPHQL_BODY, SURFACE_WORKLOADS, type SurfaceWorkload, userIds } from './workload.ts'

export interface SurfacesRun {
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly database: Database
  readonly surroundings: Surroundings
  readonly atEnd: (step: Undo) => void
  readonly say: (text: string) => void
}

export interface SurfacesMeasured {
  readonly measured: readonly (Measured & { readonly surface: SurfaceWorkload })[]
  readonly comparedAnswers: number
}

interface Surface extends Omit<Measured, 'samples'> {
  readonly surface: SurfaceWorkload
  readonly targets: readonly SurfaceTarget[]
  readonly samples: ReadonlyMap<string, Sample[]>
}

const LOAD = new URL('../grpc/load.ts', import.meta.url).pathname

export async function measureSurfaces(run: SurfacesRun): Promise<SurfacesMeasured> {
  const { rounds, seconds, warmUpSeconds, surroundings, say } = run
  const ids = await userIds(run.database)
  writeFileSync(linesFile(run), ids.join('\n'))
  const plinth = await startPlinth(surroundings, run.atEnd)
  const surfaces: Surface[] = []
  for (const surface of SURFACE_WORKLOADS) {
    const targets = [...(await startRivals(run, surface)), plinth[surface.name]]
    const samples = new Map<string, Sample[]>(targets.map(({ name }) => [name, []]))
    surfaces.push({ surface, targets, workload: surface.name, title: surface.title, figure: 0, samples })
  }

  say('comparing the answers of all servers')
  const token = await adminToken(run)
  let comparedAnswers = 0
  for (const { surface, targets } of surfaces)
    comparedAnswers += surface.name === 'graphql' ? await verifyGraphql(targets, token) : await verifyGrpc(targets, token, ids)

  for (const { surface, targets } of surfaces)
    for (const target of targets) await measureOnce(run, surface, target, warmUpSeconds)
  for (let round = 1; round <= rounds; round++) {
    for (const { surface, targets, samples } of surfaces) {
      for (const target of shuffled(targets)) {
        say(`round ${round} of ${rounds}: ${surface.title}, ${target.name}`)
        samples.get(target.name)?.push(await measureOnce(run, surface, target, seconds))
      }
    }
  }
  return { measured: surfaces, comparedAnswers }
}

async function startRivals(
  { surroundings, atEnd }: SurfacesRun,
  { yardstick, rivals }: SurfaceWorkload,
): Promise<SurfaceTarget[]> {
  const targets: SurfaceTarget[] = []
  for (const [name, file] of [[yardstick, yardstick], ['control', yardstick], ...rivals.map((rival) => [rival, rival])] as const)
    targets.push(await startRival(name ?? '', file ?? '', surroundings, atEnd))
  return targets
}

async function measureOnce(run: SurfacesRun, surface: SurfaceWorkload, target: SurfaceTarget, seconds: number): Promise<Sample> {
  const { database, surroundings } = run
  await database.settle()
  const token = await adminToken(run)
  const pids = { serverPid: target.pid, databasePid: database.pid }
  if (surface.name === 'graphql')
    return measure({
      ...pids,
      url: `http://127.0.0.1:${target.port}`,
      script: 'graphql',
      token,
      lines: [],
      body: GRAPHQL_BODY,
      seconds,
      folder: surroundings.folder,
    })
  const environment = {
    PATH: process.env['PATH'] ?? '',
    BENCH_TOKEN: token,
    BENCH_LINES: linesFile(run),
    BENCH_CALLS: String(CONNECTIONS),
  }
  return measureLoad(pids, [process.execPath, LOAD, String(target.port), GET_USER, String(seconds)], environment)
}

function linesFile({ surroundings }: SurfacesRun): string {
  return join(surroundings.folder, 'users.txt')
}

/** Who may read all users. */
function adminToken({ surroundings }: SurfacesRun): Promise<string> {
  return surroundings.issuer.token(surroundings.adminId, 'admin')
}
