/** What a surface must do to be held to the table of access: run one operation as somebody, and say what came of it. */
import type { Records } from './records.ts'
import { nameOf, type Outcome, type Principal, type Row } from './table.ts'

export interface Cell {
  readonly row: Row
  readonly principal: Principal
  readonly records: Records
}

/** REST, the engine itself, and whatever speaks next: each is one of these. */
export interface SurfaceRunner {
  readonly name: string
  /** An outcome of the table, or a status that it does not know. Undefined where the surface has no such operation, or knows no such principal. */
  run(cell: Cell): Promise<string | undefined>
}

export interface Difference {
  readonly cell: string
  readonly expected: Outcome | undefined
  readonly got: string
}

export interface Verdict {
  readonly cells: number
  readonly differences: readonly Difference[]
}

/** Runs every cell of these rows, one after the other: each finds the records that it needs, made for it alone. */
export async function holdTo(rows: readonly Row[], runner: SurfaceRunner, records: Records): Promise<Verdict> {
  const differences: Difference[] = []
  let cells = 0
  for (const row of rows) {
    for (const [principal, expected] of row.cells) {
      const got = await runner.run({ row, principal, records })
      if (got === undefined) continue
      cells += 1
      if (got !== expected) differences.push({ cell: `${nameOf(row)}, ${principal}`, expected, got })
    }
  }
  return { cells, differences }
}
