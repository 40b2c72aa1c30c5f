/** Makes sure, before anything is timed, that the servers of a surface do the same work: same answers, same refusals. */
import { deepStrictEqual } from 'node:assert/strict'
import type { SurfaceTarget } from './target.ts'
import { UserClient } from './user-client.ts'
import { GRAPHQL_BODY } from './workload.ts'

/** How many users are asked for one by one. */
const SAMPLE = 20
/** Of 20 users one has no post: those of every twentieth went to one editor. */
const IDS_MIN = 20 + 19 * 10
const NOT_FOUND = 5
const INVALID_ARGUMENT = 3
const UNAUTHENTICATED = 16
/** Of the right form, and of nobody. */
const NOBODY = 'usr_00000000000000000000000000'

/** @throws with the first difference that it finds. @returns the number of answers that were compared */
export async function verifyGraphql(targets: readonly SurfaceTarget[], token: string): Promise<number> {
  const answers = await Promise.all(targets.map((target) => askGraphql(target, token)))
  for (const [at, answer] of answers.entries()) {
    const name = targets[at]?.name ?? ''
    const { ids, rest } = partIds(answer.json)
    if (answer.status !== 200 || ids.length < IDS_MIN || new Set(ids).size !== ids.length)
      throw new Error(
        `Cannot compare ${name}: it answers ${answer.status} with ${ids.length} ids, expected ${IDS_MIN} different ones`,
      )
    compare(name, rest, partIds(answers[0]?.json).rest)
    const refused = await askGraphql(targets[at] as SurfaceTarget, `${token.slice(0, -4)}AAAA`)
    compare(`${name}: an altered token`, refused.status, 401)
  }
  return answers.length * 2
}

/** @throws with the first difference that it finds. @returns the number of answers that were compared */
export async function verifyGrpc(targets: readonly SurfaceTarget[], token: string, ids: readonly string[]): Promise<number> {
  const step = Math.floor(ids.length / SAMPLE)
  const sample = ids.filter((_, at) => at % step === 0)
  const expected: unknown[] = []
  for (const [at, { name, port }] of targets.entries()) {
    using client = new UserClient(port)
    for (const [place, id] of sample.entries()) {
      const { status, message } = await client.get(id, token)
      if (status !== 0) throw new Error(`Cannot compare ${name}: GetUser ends with status ${status}, expected 0`)
      if (at === 0) expected.push(message)
      compare(`${name}: GetUser ${id}`, message, expected[place])
    }
    compare(`${name}: nobody's id`, (await client.get(NOBODY, token)).status, NOT_FOUND)
    compare(`${name}: no id`, (await client.get('usr_broken', token)).status, INVALID_ARGUMENT)
    compare(`${name}: an altered token`, (await client.get(NOBODY, `${token.slice(0, -4)}AAAA`)).status, UNAUTHENTICATED)
    compare(`${name}: no token`, (await client.get(NOBODY, undefined)).status, UNAUTHENTICATED)
  }
  return targets.length * (sample.length + 4)
}

async function askGraphql({ port }: SurfaceTarget, token: string): Promise<{ readonly status: number; readonly json: unknown }> {
  const answer = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: GRAPHQL_BODY,
  })
  return { status: answer.status, json: await answer.json() }
}

/** Takes out what each server has its own form for: ids and cursors. */
function partIds(json: unknown): { readonly ids: readonly string[]; readonly rest: unknown } {
  const ids: string[] = []
  const rest = JSON.parse(
    JSON.stringify(json ?? null, (name, value: unknown) => {
      if (name === 'id' && typeof value === 'string') ids.push(value)
      return name === 'id' || name === 'endCursor' ? typeof value : value
    }),
  ) as unknown
  return { ids, rest }
}

function compare(title: string, actual: unknown, expected: unknown): void {
  deepStrictEqual(
    actual,
    expected,
    new Error(`Cannot compare ${title}: ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`),
  )
}
