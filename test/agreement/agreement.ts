/** Asks all surfaces the same, one question after the other, and gathers where they part. */
import { type Asked, describeAsked, type Outcome } from './operation.ts'
import type { World } from './world.ts'

export interface Agreement {
  /** Questions that at least two surfaces could be asked. */
  readonly compared: number
  /** Of each surface, how many it could be asked. */
  readonly asked: Readonly<Record<string, number>>
  /** How often each kind of answer came, by the first surface: agreement about refusals alone would prove little. */
  readonly outcomes: Readonly<Record<string, number>>
  /** Where they part, each in a few lines. */
  readonly differences: readonly string[]
}

/** @param worlds the first is the one that the others are held against */
export async function compareSurfaces(worlds: readonly World[], questions: readonly Asked[]): Promise<Agreement> {
  const asked: Record<string, number> = Object.fromEntries(worlds.map(({ surface }) => [surface.name, 0]))
  const outcomes: Record<string, number> = {}
  const differences: string[] = []
  let compared = 0
  for (const [at, question] of questions.entries()) {
    // A write that one surface cannot be asked would part their databases for ever.
    const answers = await askAll(worlds, question, at)
    const given = answers.filter(({ outcome }) => outcome !== undefined)
    for (const { name } of given) asked[name] = (asked[name] ?? 0) + 1
    const [first, ...others] = given
    if (first === undefined) continue
    const label = labelOf(question, first.outcome)
    outcomes[label] = (outcomes[label] ?? 0) + 1
    if (others.length > 0) compared += 1
    for (const other of others) {
      const [expected, got] = comparable(first.outcome, other.outcome)
      if (expected !== got)
        differences.push(`#${at} ${describeAsked(question)}\n  ${first.name}: ${shown(expected)}\n  ${other.name}: ${shown(got)}`)
    }
  }
  return { compared, asked, outcomes, differences: [...differences, ...(await compareRemains(worlds))] }
}

/** Both as text; without the fields where one of them could not name any. */
function comparable(
  ...outcomes: readonly [Outcome | undefined, Outcome | undefined]
): readonly [string | undefined, string | undefined] {
  const isNamed = outcomes.every((one) => one?.kind !== 'refused' || one.fields !== undefined)
  const [left, right] = outcomes.map((one) =>
    JSON.stringify(one?.kind === 'refused' && !isNamed ? { ...one, fields: undefined } : one),
  )
  return [left, right]
}

interface NamedOutcome {
  readonly name: string
  readonly outcome: Outcome | undefined
}

async function askAll(worlds: readonly World[], question: Asked, at: number): Promise<readonly NamedOutcome[]> {
  return Promise.all(worlds.map(async (world) => ({ name: world.surface.name, outcome: await world.run(question, at) })))
}

/** Rows and journal entries that are not the same everywhere. */
async function compareRemains(worlds: readonly World[]): Promise<readonly string[]> {
  const [first, ...others] = await Promise.all(
    worlds.map(async (world) => ({ name: world.surface.name, remains: await world.remains() })),
  )
  if (first === undefined) return []
  return others.flatMap(({ name, remains }) => {
    const lacking = first.remains.filter((line) => !remains.includes(line)).map((line) => `only ${first.name}: ${shown(line)}`)
    const surplus = remains.filter((line) => !first.remains.includes(line)).map((line) => `only ${name}: ${shown(line)}`)
    const isOrdered = first.remains.length === remains.length && first.remains.every((line, place) => line === remains[place])
    const disorder =
      lacking.length + surplus.length === 0 && !isOrdered
        ? [`${name} left the same in another order or number than ${first.name}`]
        : []
    return [...lacking, ...surplus, ...disorder]
  })
}

function labelOf({ operation }: Asked, outcome: Outcome | undefined): string {
  return outcome?.kind === 'refused' ? outcome.code : `${operation.kind}: ${outcome?.kind}`
}

function shown(text: string | undefined): string {
  return (text ?? 'nothing').slice(0, 500)
}
