/** A database server that a test may mistreat: its own, with its service, and the processes that it consists of. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import blog from '../../examples/blog/app.ts'
import { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from '../../src/pg/index.ts'
import { type TestService, testService } from '../../src/testing/index.ts'

export interface OwnDatabase {
  readonly server: EmbeddedPostgres
  readonly service: TestService
  stop(): Promise<void>
}

/** Starts a server in a folder of its own and the blog over it. Commits wait for the disk, as in production. */
export async function startOwnDatabase(
  environment: Readonly<Record<string, string>> = {},
  options: Pick<EmbeddedPostgresOptions, 'tuning'> = {},
): Promise<OwnDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-chaos-'))
  // As a project's own folder is: others may enter it.
  chmodSync(folder, 0o711)
  const server = await startEmbeddedPostgres({ folder, ...options })
  const service = await testService({ app: blog, databaseUrl: server.url, environment })
  return {
    server,
    service,
    async stop() {
      await service.stop()
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The process and its children: the postmaster and all its workers. */
export function processTree(pid: number): readonly number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(name) === pid)
    .map(Number)
  return [pid, ...children]
}

/** The fourth word of `stat`, behind the name in parentheses. */
function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    // It has ended meanwhile.
    return undefined
  }
}
